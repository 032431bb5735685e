"""The guide says what is true: its samples run, and its output is what pytest prints."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.plugin.conftest import Project
from tests.plugin.test_diff import HASTY

GUIDE = Path(__file__).parents[2] / "pytest_plugin" / "README.md"

HEAD = "import pytest\nfrom shop import *\n\n\n"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE.read_text(), re.DOTALL | re.MULTILINE)


@pytest.mark.realtime
def test_its_samples_run(project: Project) -> None:
    shop, *tests = blocks("python")
    assert shop.startswith("# shop.py\n")
    samples(project)
    result = project.again("--jobkit-backend=inline,fakeredis")
    result.assert_outcomes(passed=sum(map(runs, tests)))


def runs(sample: str) -> int:
    """How many tests it makes of two backends; one that says where it belongs runs there alone."""
    return 2 * sample.count("def test_") - sample.count("jobkit(backend=")


def test_its_ini_is_known(project: Project) -> None:
    (ini,) = blocks("ini")
    (project.path / "tox.ini").write_text(f"{ini}asyncio_default_fixture_loop_scope = function\n")
    project.run("def test_it(): pass").assert_outcomes(passed=1)


def test_its_failure_looks_like_that(project: Project) -> None:
    shop, *_ = blocks("python")
    (project.path / "shop.py").write_text(shop.removeprefix("# shop.py\n"))
    shown = next(block for block in blocks("text") if block.startswith(">"))
    result = project.run(
        """
        def test_it(jobs):
            sign_up(1)
            assert send_welcome.call(user_id=1, template="goodbye") in jobs.enqueued
        """,
        head=HEAD,
    )
    lines = [line.rstrip() for line in result.outlines]
    assert [line for line in shown.splitlines() if line not in lines] == []


def test_its_chaos_looks_like_that(project: Project) -> None:
    shop, *_ = blocks("python")
    (project.path / "shop.py").write_text(shop.removeprefix("# shop.py\n"))
    (sample,) = (block for block in blocks("python") if block.startswith("bank = []"))
    (guarded,) = (line for line in sample.splitlines() if "without this line" in line)
    (shown,) = (block for block in blocks("text") if "- Chaos -" in block)
    result = project.run(sample.replace(guarded, "    if True:"), head=HEAD)
    result.assert_outcomes(failed=1)
    lines = [line.rstrip() for line in result.outlines]
    assert [line for line in shown.splitlines() if line not in lines] == []


def test_its_options_are_known(project: Project) -> None:
    options = set(re.findall(r"--jobkit-[a-z-]+", GUIDE.read_text()))
    shown = project.again("--help").stdout.str()
    assert options
    assert [option for option in options if option not in shown] == []


def samples(project: Project) -> None:
    """The guide's own app, and its tests."""
    shop, *tests = blocks("python")
    (project.path / "shop.py").write_text(shop.removeprefix("# shop.py\n"))
    for number, sample in enumerate(tests):
        (project.path / f"test_{number}.py").write_text(HEAD + sample)


def shown(first_words: str) -> list[str]:
    """The lines of the block of output that begins like this."""
    return next(block for block in blocks("text") if block.startswith(first_words)).splitlines()


FEW = """
def test_one(jobs):
    sign_up(1)
    charge.enqueue(7)
    jobs.perform()


def test_another(jobs):
    charge.enqueue(13)
    jobs.advance(minutes=1)
    assert charge in jobs.failed
"""


def app_with(project: Project, tests: str) -> None:
    """The guide's app, and tests that are not the guide's."""
    samples(project)
    for sample in project.path.glob("test_*.py"):
        sample.unlink()
    project.write("test_shop.py", HEAD + tests)


def test_its_coverage_looks_like_that(project: Project) -> None:
    app_with(project, FEW)
    result = project.again("--jobkit-coverage")
    lines = [line.rstrip() for line in result.outlines]
    assert [line for line in shown("job  ") if line not in lines] == []


def test_its_divergence_looks_like_that(project: Project) -> None:
    project.write("backends.py", HASTY)
    app_with(project, "def test_a_reminder(jobs):\n    place_order(7)\n    jobs.perform()\n    jobs.ignore(remind)\n")
    result = project.again("--jobkit-diff=inline,backends:hasty")
    lines = [line.rstrip() for line in result.outlines]
    assert [line for line in shown("1 test ran") if line not in lines] == []


def test_its_old_payload_looks_like_that(project: Project) -> None:
    app_with(project, "def test_it(jobs):\n    charge.enqueue(7)\n    jobs.perform()\n")
    project.again("--jobkit-payloads=record").assert_outcomes(passed=1)
    shop = project.path / "shop.py"
    shop.write_text(shop.read_text().replace("def charge(order_id: int)", "def charge(order: int)"))
    project.write("test_shop.py", HEAD + "def test_it(): pass\n")
    result = project.again("--jobkit-payloads=check")
    lines = [line.rstrip() for line in result.outlines]
    assert [line for line in shown("shop.charge: ") if line not in lines] == []
