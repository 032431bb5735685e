"""``jobkit worker``: how it finds the app, and what it refuses."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import jobkit
from jobkit.cli import main
from jobkit.cli.targets import find_app
from jobkit.errors import ConfigurationError

SHOP = """
import jobkit

app = jobkit.App("inline:")
number = 3

class Settings:
    app = app
"""


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A folder with an app in it, as the working folder."""
    package = tmp_path / "cli_shop"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "jobs.py").write_text(SHOP)
    (package / "broken.py").write_text("import not_installed\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    for name in [each for each in sys.modules if each.startswith("cli_shop")]:
        del sys.modules[name]


@pytest.mark.parametrize("path", ["cli_shop.jobs:app", "cli_shop.jobs:Settings.app"])
def test_an_app_is_found_in_the_working_folder(path: str) -> None:
    assert isinstance(find_app(path), jobkit.App)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("cli_shop.jobs", "an app is named as module:app, such as shop.jobs:app, not 'cli_shop.jobs'"),
        ("cli_shop.jobs:", "an app is named as module:app"),
        ("cli_shop.jobs:number", r"cli_shop.jobs:number is not a jobkit.App; there is cli_shop.jobs:app"),
        ("cli_shop.jobs:gone", r"cli_shop.jobs:gone is not a jobkit.App; there is cli_shop.jobs:app"),
        ("cli_shop:app", r"cli_shop:app is not a jobkit.App$"),
        ("cli_shop.gone:app", "no module 'cli_shop.gone' "),
        ("gone:app", "no module 'gone' "),
    ],
)
def test_what_is_no_app_is_an_error_with_a_hint(path: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        find_app(path)


def test_a_module_that_misses_another_says_which() -> None:
    with pytest.raises(ModuleNotFoundError, match="not_installed"):
        find_app("cli_shop.broken:app")


def test_it_refuses_the_memory_of_another_process(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["worker", "cli_shop.jobs:app", "--log-level", "error"]) == 2
    assert "is the memory of another process: a worker could not see its jobs. Set JOBKIT_BACKEND" in (
        capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--concurrency", "0"], "concurrency is 1 to 100,000 jobs at a time, not 0"),
        (["--lease", "0"], "lease is seconds, at least 0.05, not 0"),
        (["--grace", "-1"], "grace is seconds, at least 0, not -1"),
        (["--queue", "mial"], "no queue 'mial' (there are: default)"),
    ],
)
def test_options_that_make_no_sense_are_one_line(
    capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    assert main(["worker", "cli_shop.jobs:app", "--log-level", "error", *options]) == 2
    assert capsys.readouterr().err.startswith(f"jobkit worker: {message}")
