"""Plants faults in a small suite that has the conftest of this one, and asks how CI judges them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.realtime

ROOT = Path(__file__).parents[2]
PART = ROOT / ".ci" / "part.py"
PYTEST = Path(sys.executable).with_name("pytest")

INI = """
[pytest]
pythonpath = .
addopts = --strict-markers -p no:cacheprovider
markers =
    realtime: may fail on a busy machine
    invariant: a promise
"""
ONCE = """
import pathlib
import pytest

def fails_once(name):
    seen = pathlib.Path(name)
    if not seen.exists():
        seen.touch()
        raise AssertionError(f"{name} failed for the first time")
"""
NOISY = ONCE + "".join(
    f"""
@pytest.mark.realtime
def test_noisy_{number}():
    fails_once("noisy {number}")
"""
    for number in range(3)
)


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    tests = tmp_path / "tests"
    tests.mkdir()
    for name in ("conftest.py", "realtime.py"):
        shutil.copy(ROOT / "tests" / name, tests)
    tmp_path.joinpath("pytest.ini").write_text(INI)
    return tmp_path


def ci(suite: Path, tests: str, *arguments: str) -> tuple[int, str]:
    """Run these tests as a part of CI, and the summary after it if it passed."""
    suite.joinpath("tests", "test_it.py").write_text(tests)
    return judged(suite, PYTEST, *arguments)


STAND_IN = """#!/bin/sh
case "$*" in
  tests) cp whole.xml "${PYTEST_ADDOPTS##*--junitxml=}"; exit 1 ;;
  *) exit %d ;;
esac
"""
"""Is called as pytest is: first for all tests, of which some fail, then for each that failed."""


def ci_of_outcomes(suite: Path, *failed: tuple[str, ...], alone: int) -> tuple[int, str]:
    """Run a part of CI in which a test with these markers failed, for each of them, and ends like this alone."""
    cases = "".join(
        f'<testcase classname="tests.test_it" name="test_{number}"><properties>'
        f'<property name="id" value="tests/test_it.py::test_{number}"/>'
        + "".join(f'<property name="marker" value="{marker}"/>' for marker in markers)
        + f'</properties><failure message="no">failure {number}</failure></testcase>'
        for number, markers in enumerate(failed)
    )
    suite.joinpath("whole.xml").write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>")
    program = suite / "stand-in"
    program.write_text(STAND_IN % alone)
    program.chmod(0o755)
    return judged(suite, program)


def judged(suite: Path, program: Path, *arguments: str) -> tuple[int, str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    environment |= {"CI_REPORTS": str(suite / "reports"), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    part: list[str | Path] = [sys.executable, PART, "it", "--tests", program, "--", program, "tests", *arguments]
    ran = subprocess.run(part, cwd=suite, env=environment, capture_output=True, text=True)
    if ran.returncode:
        return ran.returncode, ran.stdout
    summary = subprocess.run(
        [sys.executable, PART, "--summary"], cwd=suite, env=environment, capture_output=True, text=True
    )
    return summary.returncode, ran.stdout + summary.stdout


def test_suite_that_passes_has_no_noisy_tests(suite: Path) -> None:
    code, output = ci(suite, "def test_it(): ...")
    assert code == 0, output
    assert output.splitlines()[-1] == "== noisy tests: none"


def test_noisy_test_is_listed_with_its_three_outputs(suite: Path) -> None:
    code, output = ci(suite, NOISY, "-k", "noisy_1")
    assert code == 0, output
    assert output.splitlines()[-1] == "== noisy tests: tests/test_it.py::test_noisy_1"
    assert "AssertionError: noisy 1 failed for the first time" in output
    assert "tests/test_it.py::test_noisy_1, alone, run 1 of 2: exit 0" in output
    assert "tests/test_it.py::test_noisy_1, alone, run 2 of 2: exit 0" in output
    kept = sorted(path.name for path in suite.joinpath("reports").glob("it-*"))
    assert kept == ["it-0-again-1.txt", "it-0-again-2.txt"]


def test_more_noisy_tests_than_two_fail(suite: Path) -> None:
    code, output = ci_of_outcomes(suite, ("realtime",), ("realtime",), ("realtime",), alone=0)
    assert code == 1
    assert "CI fails: 3 tests are noisy, more than 2: tests/test_it.py::test_0, tests/test_it.py::test_1" in output
    assert ci_of_outcomes(suite, ("realtime",), ("realtime",), alone=0)[0] == 1, "with those of other parts"


def test_invariant_that_fails_once_fails_ci(suite: Path) -> None:
    code, output = ci_of_outcomes(suite, ("realtime", "invariant"), alone=0)
    assert code == 1
    assert "CI fails: tests/test_it.py::test_0 failed once: it has the marker invariant" in output


def test_realtime_test_that_fails_again_fails_ci(suite: Path) -> None:
    code, output = ci_of_outcomes(suite, ("realtime",), alone=1)
    assert code == 1
    assert "CI fails: tests/test_it.py::test_0 failed, and again when it was run alone" in output


@pytest.mark.parametrize("arguments", [(), ("-p", "xdist", "-n2")], ids=["alone", "distributed"])
def test_unmarked_test_runs_first_and_decides_at_its_first_failure(suite: Path, arguments: tuple[str, ...]) -> None:
    unmarked = "def test_unmarked(): fails_once('unmarked')\n"
    later = "".join(f"@pytest.mark.realtime\ndef test_later_{number}(): ...\n" for number in range(40))
    code, output = ci(suite, ONCE + later + unmarked, *arguments)
    assert code == 1
    assert "CI fails: tests/test_it.py::test_unmarked failed" in output
    assert "40 passed" not in output, "the others were run all the same"
    assert ", alone, run 1" not in output


STARTS_A_PROCESS = {
    "subprocess": "import subprocess, sys\ndef test_it(): subprocess.run([sys.executable, '-V'], check=True)\n",
    "fork": "import os\ndef test_it():\n    if not (child := os.fork()): os._exit(0)\n    os.waitpid(child, 0)\n",
    "spawn": (
        "import multiprocessing\ndef test_it():\n    context = multiprocessing.get_context('spawn')\n"
        "    process = context.Process(target=print)\n    process.start()\n    process.join()\n"
    ),
    "shared_fixture": (
        "import os, pytest\n@pytest.fixture(scope='module')\ndef server(): return os.system('true')\n"
        "@pytest.mark.realtime\ndef test_first(server): ...\ndef test_it(server): ...\n"
    ),
}
WAITS = {
    "sleep": "import time\ndef test_it(): time.sleep(0.2)\n",
    "loop": "import asyncio\ndef test_it(): asyncio.run(asyncio.sleep(0.2))\n",
    "event": "import threading\ndef test_it(): threading.Event().wait(0.2)\n",
}


def test_starting_a_process_or_waiting_on_the_real_clock_needs_the_marker(suite: Path) -> None:
    code, output = ci(suite, STARTS_A_PROCESS["subprocess"])
    assert code == 1
    assert "tests/test_it.py::test_it needs the marker realtime: it starts a process (subprocess.Popen" in output
    for name, tests in {**STARTS_A_PROCESS, **WAITS}.items():
        suite.joinpath("tests", f"test_{name}.py").write_text(tests)
        marked = tests.replace("def test_it", "import pytest\n@pytest.mark.realtime\ndef test_it")
        suite.joinpath("tests", f"test_marked_{name}.py").write_text(marked)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "CI_"))}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    ran = subprocess.run([PYTEST, "tests", "-rE"], cwd=suite, env=environment, capture_output=True, text=True)
    for name in STARTS_A_PROCESS:
        assert re.search(rf"tests/test_{name}.py::test_it needs the marker realtime: it .*starts a process", ran.stdout)
    for name in WAITS:
        said = f"tests/test_{name}.py::test_it needs the marker realtime: it waits 0.20 s on the real clock"
        assert said in ran.stdout
    assert "test_marked" not in ran.stdout.partition("short test summary info")[2]


def test_wait_for_an_event_that_comes_needs_no_marker(suite: Path) -> None:
    tests = (
        "import asyncio, threading\n"
        "def test_it():\n"
        "    event = threading.Event()\n"
        "    threading.Thread(target=event.set).start()\n"
        "    assert event.wait(30)\n"
        "    asyncio.run(asyncio.wait_for(asyncio.to_thread(print), 30))\n"
    )
    code, output = ci(suite, tests)
    assert code == 0, output
