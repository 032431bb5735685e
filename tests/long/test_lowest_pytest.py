"""The plugin on the oldest pytest that is promised, where subtests are a plugin of their own."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

pytestmark = pytest.mark.realtime

ROOT = Path(__file__).parents[2]

BESIDE = (
    *("pytest-subtests", "pytest-asyncio", "pytest-xdist", "pytest-randomly", "pytest-rerunfailures", "pytest-timeout"),
    *("time-machine", "dirty-equals", "fakeredis[lua]", "anyio", "fastapi", "httpx2"),
)

HOOKS = (
    "styles",
    "scoped_fixtures",
    "marker",
    "captured",
    "leftovers",
    "unexpected_failures",
    "never_awaited",
    "costs",
    "chaos",
)
"""Tests of what hangs on pytest itself: its hooks, its fixtures, its reports."""
SUBTESTS = (
    "test_everywhere.py::test_subtests",
    "test_everywhere.py::test_subtests_of_unittest",
    "test_chaos_styles.py::test_subtests_are_refused",
)


@pytest.fixture(scope="module")
def lowest() -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    (wanted,) = project["optional-dependencies"]["pytest"]
    name, _, version = wanted.partition(">=")
    assert name == "pytest"
    return str(version)


def test_the_plugin_does_there_what_it_does_elsewhere(lowest: str, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    python = environment / "bin" / "python"
    jobkit = f"{ROOT}[redis,pytest,conformance]"
    subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--editable", jobkit, f"pytest=={lowest}", *BESIDE], check=True
    )
    asked = subprocess.run([python, "-m", "pytest", "--version"], capture_output=True, text=True, check=True)
    assert asked.stdout.startswith(f"pytest {lowest}")
    tests = [f"tests/plugin/test_{name}.py" for name in HOOKS] + [f"tests/plugin/{name}" for name in SUBTESTS]
    ended = subprocess.run(
        [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests], cwd=ROOT, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stdout[-6000:] + ended.stderr[-2000:]
