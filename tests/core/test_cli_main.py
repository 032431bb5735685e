"""``jobkit``: finds the command, and turns errors into one line."""

from __future__ import annotations

import argparse
import subprocess
import sys
from importlib.metadata import EntryPoint, EntryPoints

import pytest

from jobkit.cli import main
from jobkit.errors import BackendUnavailable

module = sys.modules["jobkit.cli.main"]


def command(parser: argparse.ArgumentParser) -> None:
    """A command as another package would bring it."""
    parser.add_argument("what", choices=["fine", "down", "interrupted"])
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    if options.what == "down":
        raise BackendUnavailable("no route to the store")
    if options.what == "interrupted":
        raise KeyboardInterrupt
    return 7


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> None:
    points = EntryPoints(
        [
            EntryPoint("serve", f"{__name__}:command", "jobkit.commands"),
            EntryPoint("conformance", "not_installed.cli:command", "jobkit.commands"),
        ]
    )
    monkeypatch.setattr(module, "entry_points", lambda **_: points)


@pytest.mark.usefixtures("commands")
class TestCommands:
    def test_they_come_by_entry_point(self) -> None:
        assert main(["serve", "fine"]) == 7

    def test_an_error_of_jobkits_is_one_line(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["serve", "down"]) == 2
        assert capsys.readouterr().err == "jobkit serve: no route to the store\n"

    def test_an_interrupt_is_no_traceback(self) -> None:
        assert main(["serve", "interrupted"]) == 130

    def test_one_whose_extra_is_missing_says_what_to_install(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["conformance", "my_pkg:harness", "--anything"]) == 2
        assert capsys.readouterr().err == (
            "jobkit conformance: it needs the package not_installed: pip install 'jobkit-core[conformance]'\n"
        )


def test_without_a_command_it_shows_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    shown = capsys.readouterr().out
    assert "worker" in shown
    assert "conformance" in shown


def test_an_unknown_command_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["wroker"])
    assert ended.value.code == 2
    assert "invalid choice: 'wroker'" in capsys.readouterr().err


@pytest.mark.realtime
@pytest.mark.parametrize("start", [["-m", "jobkit"], ["-c", "from jobkit.cli import main; raise SystemExit(main())"]])
def test_it_knows_its_version(start: list[str]) -> None:
    ended = subprocess.run([sys.executable, *start, "--version"], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout.split()[0]) == (0, "jobkit")
