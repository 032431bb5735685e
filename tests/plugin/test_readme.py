"""The guide says what is true: its samples run, and its output is what pytest prints."""

from __future__ import annotations

import re
from pathlib import Path

from tests.plugin.conftest import Project

GUIDE = Path(__file__).parents[2] / "pytest_plugin" / "README.md"

HEAD = "import pytest\nfrom shop import *\n\n\n"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE.read_text(), re.DOTALL | re.MULTILINE)


def test_its_samples_run(project: Project) -> None:
    shop, *samples = blocks("python")
    assert shop.startswith("# shop.py\n")
    (project.path / "shop.py").write_text(shop.removeprefix("# shop.py\n"))
    for number, sample in enumerate(samples):
        (project.path / f"test_{number}.py").write_text(HEAD + sample)
    result = project.again("--jobkit-backend=inline,fakeredis")
    result.assert_outcomes(passed=2 * sum(sample.count("def test_") for sample in samples))


def test_its_ini_is_known(project: Project) -> None:
    (ini,) = blocks("ini")
    (project.path / "tox.ini").write_text(f"{ini}asyncio_default_fixture_loop_scope = function\n")
    project.run("def test_it(): pass").assert_outcomes(passed=1)


def test_its_failure_looks_like_that(project: Project) -> None:
    shop, *_ = blocks("python")
    (project.path / "shop.py").write_text(shop.removeprefix("# shop.py\n"))
    (shown,) = blocks("text")
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


def test_its_options_are_known(project: Project) -> None:
    options = set(re.findall(r"--jobkit-[a-z-]+", GUIDE.read_text()))
    shown = project.again("--help").stdout.str()
    assert options
    assert [option for option in options if option not in shown] == []
