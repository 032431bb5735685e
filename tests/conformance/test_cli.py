"""The command: what it takes, what it refuses, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jobkit.cli import main
from jobkit_conformance.harness import BackendHarness
from jobkit_conformance.program import Cancel, End, Ending, Pass, Program, Put, Spec, Take, token

FORGETFUL = "tests.broken.settle_forgets_the_token:Harness"

STORY = Program("lifecycle", [Put(0, [Spec("a")]), Take(0, ["q"], 1, 60_000), Pass(60_000), Take(1, ["q"], 1, 60_000)])
WRONG = Program("lifecycle", [*STORY.steps, End(0, [Ending(1, "done")])])


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


def test_a_program_is_played_again(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("inline", "--replay", token(WRONG)) == 0
    assert "this program breaks no rule here" in capsys.readouterr().out
    assert _run(FORGETFUL, "--replay", token(WRONG)) == 1
    out = capsys.readouterr().out
    assert "async def program(stage):" in out
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
