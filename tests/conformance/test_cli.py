"""The command: what it takes, what it refuses, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from jobkit.backend import EnqueueOutcome, Message
from jobkit.backends.inline.backend import InlineBackend, Memory
from jobkit.cli import main
from jobkit.clock import Clock
from jobkit.errors import BackendUnavailable
from jobkit.testing.inline import Harness as InlineHarness
from jobkit_conformance.harness import BackendHarness
from jobkit_conformance.operations import (
    Advance,
    Cancel,
    Enqueue,
    MessageSpec,
    Program,
    Reserve,
    Settle,
    SettlementSpec,
    token,
)
from jobkit_conformance.profiles import PROFILES
from jobkit_conformance.verdicts import Exit
from tests.conformance.small_profile import TINY

FORGETFUL = "tests.broken.settle_forgets_the_token:Harness"

STORY = Program(
    "lifecycle",
    [Enqueue(0, [MessageSpec("a")]), Reserve(0, ["q"], 1, 60_000), Advance(60_000), Reserve(1, ["q"], 1, 60_000)],
)
WRONG = Program("lifecycle", [*STORY.steps, Settle(0, [SettlementSpec(1, "done")])])


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test asks one question, for which few programs are enough."""
    monkeypatch.setitem(PROFILES, "quick", TINY)


def _run(*arguments: str) -> int:
    return main(["conformance", *arguments])


def test_a_rule_that_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("inline", "--rule", "S8") == 0
    out = capsys.readouterr().out
    assert "S8 kept" in out
    assert "1 of 90 rules asked for: 1 kept" in out


def test_a_rule_that_is_broken(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(FORGETFUL, "--rule", "L5") == 1
    out = capsys.readouterr().out
    assert "L5 BROKEN" in out
    assert "as in: bull #308" in out
    assert f"again: jobkit conformance {FORGETFUL} --rule L5 --seed 1" in out


def test_the_report_as_json(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    assert _run("inline", "--rule", "S8", "--json", str(path)) == 0
    assert json.loads(path.read_text())["footer"]["exit"] == 0


def test_the_report_as_a_page(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    assert _run(FORGETFUL, "--rule", "L5", "--html", str(path)) == 1
    assert path.read_text("utf-8").startswith("<!doctype html>")


def test_options_may_stand_before_the_target_and_after_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("--rule", "S8", "--seed", "7", "inline", "--rule", "B3") == 0
    out = capsys.readouterr().out
    assert "seed 7" in out
    assert "2 of 90 rules asked for: 2 kept" in out


class Fading(InlineHarness):
    """A store that is gone once the harness was found sound."""

    async def open(self, namespace: str, clock: Clock | None) -> InlineBackend:
        judged = int(namespace.rpartition("-")[2]) > 4
        return Gone(Memory(), clock) if judged else await super().open(namespace, clock)


class Gone(InlineBackend):
    async def enqueue(self, messages: Sequence[Message]) -> list[EnqueueOutcome]:
        raise BackendUnavailable("nobody there")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["inline", "--rule", "B3"], Exit.CONFORMANT),
        ([FORGETFUL, "--rule", "L5"], Exit.BROKEN),
        (["tests.conformance.test_preflight:Clumsy", "--rule", "B3"], Exit.BROKEN),
        (["nobody"], Exit.USAGE),
        (["tests.conformance.test_cli:Fading", "--rule", "B5"], Exit.INCOMPLETE),
        (["tests.conformance.test_cli:Fading", "--rule", "B5", "--allow-incomplete"], Exit.CONFORMANT),
        (["tests.conformance.unsound:Amnesiac", "--rule", "B3"], Exit.KIT_FAILED),
        (["tests.conformance.unsound:Amnesiac", "--rule", "B3", "--allow-incomplete"], Exit.KIT_FAILED),
    ],
)
def test_every_way_to_end(arguments: list[str], expected: Exit, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    assert _run(*arguments, "--json", str(path)) == expected
    if expected is not Exit.USAGE:
        assert json.loads(path.read_bytes())["footer"]["exit"] == expected


def test_what_was_allowed_to_be_incomplete_still_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "report.json"
    _run("tests.conformance.test_cli:Fading", "--rule", "B5", "--allow-incomplete", "--json", str(path))
    assert "B5 not exercised" in capsys.readouterr().out
    footer = json.loads(path.read_bytes())["footer"]
    assert (footer["complete"], footer["verdict"]) == (False, "incomplete")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--profile", "ci", "merge", "a.json"], "--profile is for a run: state the options of 'merge' after it"),
        (["merge"], "the following arguments are required: FILE"),
        (["compare", "a.json"], "the following arguments are required: NEW"),
        (["merge", "a.json", "--seed", "2"], "unrecognized arguments: --seed 2"),
        (["inline", "--profile", "huge"], "invalid choice: 'huge'"),
        (["inline", "--nonsense"], "unrecognized arguments: --nonsense"),
    ],
)
def test_what_is_not_understood(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        _run(*arguments)
    assert ended.value.code == Exit.USAGE
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-h"], "merge FILE ... one report of several"),
        (["-h"], "exit codes: 0 conformant"),
        (["merge", "-h"], "the gravest verdict counts"),
        (["compare", "-h"], "a rule that was kept is not any more"),
        (["badge", "-h"], "shields.io/endpoint"),
    ],
)
def test_it_explains_itself(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        _run(*arguments)
    assert ended.value.code == 0
    assert said in " ".join(capsys.readouterr().out.split())


def test_a_program_is_played_again(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("inline", "--replay", token(WRONG)) == 0
    assert "this program breaks no rule here" in capsys.readouterr().out
    assert _run(FORGETFUL, "--replay", token(WRONG)) == 1
    out = capsys.readouterr().out
    assert "async def program(env):" in out
    assert "L5 BROKEN" in out


def test_an_unclaimed_option_in_a_program_is_refused_by_the_backend(capsys: pytest.CaptureFixture[str]) -> None:
    program = Program("ending", [Cancel(0, "a")])
    assert _run("tests.conformance.honest:Bare", "--replay", token(program)) == 1
    assert "raised Unsupported" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nobody"], "no harness named 'nobody': there are"),
        (["no.such.module:Harness"], "no module 'no.such.module'"),
        (["tests.broken.patched:Nobody"], "has no 'Nobody'"),
        (["tests.broken.patched:Memory"], "is no BackendHarness"),
        (["inline", "--rule", "Q9"], "the catalogue has no rule 'Q9'"),
        (["inline", "--replay", "damaged"], "this replay token is damaged"),
        (["inline", "--url", "redis://localhost"], "takes no --url"),
        (["tests.conformance.test_cli:INSTANCE", "--url", "x"], "is an instance already, so it takes no --url"),
    ],
)
def test_what_can_not_be_meant(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(*arguments) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.out == ""


INSTANCE = BackendHarness()


def test_an_unknown_target_is_told_which_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    _run("nobody")
    assert "inline" in capsys.readouterr().err


def test_no_target_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        _run()
    assert ended.value.code == 2
    assert "required: TARGET" in capsys.readouterr().err


def test_a_harness_that_is_not_sound_ends_with_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("tests.conformance.unsound:Amnesiac") == 4
    out = capsys.readouterr().out
    assert "let all clients be of one store" in out
    assert "THE KIT FAILED: no rule was judged" in out
