"""``pytest --help``, ``--markers`` and ``--fixtures`` say what there is, and so does the guide."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from pytest_jobkit import Jobs, marker, plugin
from tests.plugin.conftest import Project
from tests.plugin.pages import DOCS
from tests.plugin.test_readme import GUIDE

FIXTURES = [name for name, value in vars(plugin).items() if "fixture" in type(value).__name__.lower()]

VERBS = [name for name in vars(Jobs) if not name.startswith("_")]


def written() -> str:
    """The guide, and the pages that it leads to."""
    return "\n".join(path.read_text() for path in [GUIDE, *DOCS.rglob("*.md")])


@pytest.fixture
def shown(project: Project) -> str:
    return project.again("--help").stdout.str()


def test_every_option_says_what_it_does(shown: str) -> None:
    (group,) = re.findall(r"^background jobs \(jobkit\):\n(.*?)\n\n", shown, re.DOTALL | re.MULTILINE)
    options = re.split(r"^  (?=--)", group, flags=re.MULTILINE)[1:]
    assert len(options) >= 3
    for option in options:
        name, *words = option.split()
        assert name.startswith("--jobkit-")
        assert len(words) >= 5, option
        assert max(map(len, option.splitlines())) <= 80


def test_every_key_of_the_ini_file_says_what_it_does(shown: str) -> None:
    keys = re.findall(r"^  (jobkit_\w+) \(\w+\):\s+(\S.*\n(?: {24}.*\n)*)", shown, re.MULTILINE)
    assert "jobkit_strict" in dict(keys)
    for _, text in keys:
        assert len(text.split()) >= 5


def test_the_marker_names_each_of_its_arguments() -> None:
    usage, _, text = marker.LINE.partition("): ")
    for field in fields(marker.MarkerOptions):
        assert f"{field.name}=" in usage
        assert f"{field.name}:" in text or f"{field.name}=" in text


def test_markers(project: Project) -> None:
    project.again("--markers").stdout.fnmatch_lines(["@pytest.mark.jobkit(perform='inline', backend=..., *"])


def test_fixtures(project: Project) -> None:
    result = project.again("--fixtures", "-v")
    text = result.stdout.str()
    assert set(FIXTURES) >= {"jobs", "jobkit_jobs", "jobkit_backend", "jobkit_worker"}
    for name in FIXTURES:
        (docs,) = re.findall(rf"^{name} -- .*\n    (\S.*)$", text, re.MULTILINE)
        assert docs != "no docstring available"


@pytest.mark.parametrize("name", [*FIXTURES, *VERBS, *(field.name for field in fields(marker.MarkerOptions))])
def test_the_guide_names_everything(name: str) -> None:
    assert re.search(rf"\b{name}\b", written())


def test_the_guide_names_every_option(shown: str) -> None:
    guide = written()
    options = set(re.findall(r"--jobkit-[a-z-]+", shown.partition("(jobkit):")[2].partition("\n\n")[0]))
    assert [option for option in sorted(options) if option not in guide] == []
