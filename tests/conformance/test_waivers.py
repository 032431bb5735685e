"""Waivers: known, still run, with a reason and a last day, and never silently."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest

from jobkit.backends.inline.backend import CAPABILITIES
from jobkit.cli import main
from jobkit_conformance.generators import MACHINES
from jobkit_conformance.profiles import PROFILES
from jobkit_conformance.reports import terminal
from jobkit_conformance.reports.json_report import document
from jobkit_conformance.reports.report import Report
from jobkit_conformance.reports.waivers import BadWaivers, Waiver, apply, load
from jobkit_conformance.search import search
from jobkit_conformance.verdicts import Exit, Verdict
from jobkit_conformance.violations import RuleViolation
from tests.conformance.made_reports import report
from tests.conformance.small_profile import SWIFT

TODAY = dt.date(2026, 6, 1)
LATER = dt.date(2027, 1, 31)
FORGETFUL = "tests.broken.settle_forgets_the_token:Harness"


def waived(found: Report, rule: str = "O1", until: dt.date = LATER, backend: str = "*") -> Report:
    apply(found, [Waiver(rule, "ties go by id there", until, backend)], TODAY)
    return found


def broken(**stated: str) -> Report:
    return report(verdicts={"O1": Verdict.BROKEN}, **stated)


# What they do.


def test_a_broken_rule_is_waived_and_no_failure_any_more() -> None:
    found = waived(broken())
    assert found.findings["O1"].verdict is Verdict.WAIVED
    assert (found.exit, found.headline) == (Exit.CONFORMANT, "CONFORMANT")


def test_it_is_counted_in_the_first_line_and_told_with_its_reason() -> None:
    lines = terminal.render(waived(broken()), "mine").splitlines()
    assert lines[0] == "jobkit conformance, contract 1: mine 1.0, 1 rule waived"
    assert " waived: O1 until 2027-01-31: ties go by id there" in lines
    assert "   seen: seen in 1 steps" in lines
    assert lines[-1].startswith("CONFORMANT: 90 rules, 89 kept, 1 waived")


def test_its_program_stays_in_the_report() -> None:
    entry = next(entry for entry in document(waived(broken())).rules if entry.id == "O1")
    assert (entry.program, entry.waiver and entry.waiver.until) == ("program", LATER)


def test_it_counts_on_its_last_day_and_not_after_it() -> None:
    assert waived(broken(), until=TODAY).findings["O1"].verdict is Verdict.WAIVED
    ended = waived(broken(), until=TODAY - dt.timedelta(days=1))
    assert (ended.findings["O1"].verdict, ended.exit) == (Verdict.BROKEN, Exit.BROKEN)
    assert ended.remarks == ("the waiver of O1 ended on 2026-05-31 (ties go by id there)",)


@pytest.mark.parametrize(
    ("backend", "expected"),
    [
        ("*", Verdict.WAIVED),
        ("mine", Verdict.WAIVED),
        ("mine 1.*", Verdict.WAIVED),
        ("mine 2.*", Verdict.BROKEN),
        ("MINE", Verdict.BROKEN),
    ],
)
def test_it_is_for_the_backends_that_it_names(backend: str, expected: Verdict) -> None:
    found = waived(broken(), backend=backend)
    assert (found.findings["O1"].verdict, found.remarks) == (expected, ())


@pytest.mark.parametrize("verdict", [Verdict.ERROR, Verdict.UNKNOWN, Verdict.NOT_EXERCISED, Verdict.NOT_RUN])
def test_only_what_is_broken_can_be_waived(verdict: Verdict) -> None:
    found = waived(report(verdicts={"O1": verdict}))
    assert (found.findings["O1"].verdict, found.remarks) == (verdict, ())


def test_an_accepted_option_can_not_be_waived() -> None:
    assert waived(report(verdicts={"O1": Verdict.BROKEN}, accepted_unclaimed=("keys",))).exit is Exit.BROKEN


@pytest.mark.parametrize(
    ("rule", "until", "verdict", "said"),
    [
        (
            "Q9",
            LATER,
            Verdict.KEPT,
            "a waiver is for 'Q9', and contract 1 has no such rule: it begins with B1, B2, B3,",
        ),
        ("O1", LATER, Verdict.KEPT, "O1 is waived, and it is kept: take the waiver out"),
        ("O1", LATER, Verdict.REFUSED, "O1 is waived, and it is refused as declared here: the waiver does nothing"),
        ("O1", dt.date(2026, 1, 1), Verdict.KEPT, "the rule is kept now: take it out"),
    ],
)
def test_one_that_does_nothing_is_told(rule: str, until: dt.date, verdict: Verdict, said: str) -> None:
    found = waived(report(verdicts={"O1": verdict}), rule=rule, until=until)
    (remark,) = found.remarks
    assert said in remark
    assert said in " ".join(terminal.render(found, "mine").split())
    assert document(found).footer.remarks == [remark]


# The file.


def written(folder: Path, text: str) -> Path:
    path = folder / "waivers.toml"
    path.write_text(text)
    return path


def test_a_file_of_them(tmp_path: Path) -> None:
    text = """
        [[waiver]]
        rule = "O1"
        reason = "ties go by id"
        until = 2027-01-31
        backend = "fakeredis*"

        [[waiver]]
        rule = "L5"
        reason = "to be mended in 2.1"
        until = 2026-12-01
    """
    assert load(written(tmp_path, text)) == [
        Waiver("O1", "ties go by id", LATER, "fakeredis*"),
        Waiver("L5", "to be mended in 2.1", dt.date(2026, 12, 1)),
    ]


BAD = [
    ("rule = ", "is no TOML: Invalid value (at "),
    ("", "Object missing required field `waiver`"),
    ("[[waiver]]\nrule = 'O1'\nuntil = 2027-01-31", "missing required field `reason` - at `$.waiver[0]`"),
    ("[[waiver]]\nrule = 'O1'\nreason = 'x'", "missing required field `until` - at `$.waiver[0]`"),
    ("[[waiver]]\nrule = 'O1'\nreason = ' '\nuntil = 2027-01-31", "O1 is waived without a reason"),
    ("[[waiver]]\nrule = 'O1'\nreason = 'x'\nuntil = 'soon'", "Invalid RFC3339 encoded date - at `$.waiver[0].until`"),
    ("[[waiver]]\nrules = ['O1']\nreason = 'x'\nuntil = 2027-01-31", "unknown field `rules` - at `$.waiver[0]`"),
    ("[[waivers]]\nrule = 'O1'\nreason = 'x'\nuntil = 2027-01-31", "unknown field `waivers`"),
]


@pytest.mark.parametrize(("text", "said"), BAD)
def test_a_file_that_is_none_says_what_and_where_and_what_would_be_right(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(BadWaivers) as raised:
        load(written(tmp_path, text))
    assert said in str(raised.value)
    assert "waivers.toml" in str(raised.value)


@pytest.mark.parametrize("text", ["", BAD[2][0]])
def test_the_example_in_the_advice_is_right(text: str, tmp_path: Path) -> None:
    with pytest.raises(BadWaivers, match=r'rule = "O1", reason = "why", until = 2027-01-31'):
        load(written(tmp_path, text))


# The command.


def test_a_run_with_a_waiver(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, "[[waiver]]\nrule = 'L5'\nreason = 'known'\nuntil = 9999-12-31\n")
    assert main(["conformance", FORGETFUL, "--rule", "L5", "--waivers", str(path)]) == Exit.CONFORMANT
    assert "1 of 90 rules asked for: 1 waived" in capsys.readouterr().out


def test_a_file_that_can_not_be_read_is_a_usage_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conformance", "inline", "--waivers", str(tmp_path / "none.toml")]) == Exit.USAGE
    assert "none.toml can't be read: No such file or directory" in capsys.readouterr().err
    assert main(["conformance", "inline", "--waivers", str(written(tmp_path, "="))]) == Exit.USAGE
    assert "is no TOML" in capsys.readouterr().err


def test_a_waived_rule_stops_no_machine(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it breaks is known, so the search goes on for what is not."""
    monkeypatch.setitem(PROFILES, "quick", replace(SWIFT, scenarios=20, shifts=5, shrinking=0.2))
    path = written(tmp_path, "[[waiver]]\nrule = 'L6'\nreason = 'known'\nuntil = 9999-12-31\n")
    asked = ["conformance", "tests.broken.late_settles_are_refused:Harness", "--rule", "L6", "--rule", "L10"]
    assert main(asked) == Exit.BROKEN
    assert "L10 unknown" in capsys.readouterr().out
    assert main([*asked, "--waivers", str(path)]) == Exit.CONFORMANT
    assert "L10 kept" in capsys.readouterr().out


def test_the_example_in_the_guide_is_one(tmp_path: Path) -> None:
    guide = (Path(__file__).parents[2] / "conformance" / "README.md").read_text()
    (example,) = re.findall(r"^```toml\n(.*?)^```", guide, re.DOTALL | re.MULTILINE)
    (waiver,) = load(written(tmp_path, example))
    assert (waiver.rule, waiver.until, waiver.backend) == ("O1", LATER, "fakeredis*")


def test_what_came_about_before_a_known_break_is_not_forgotten() -> None:
    """A known break that every program hits leaves the others something to be judged by."""

    def play(_program: object) -> NoReturn:
        broken = RuleViolation("L2", "known")
        broken.coverage = {"grant": 1}
        raise broken

    found = search(play, MACHINES[0], CAPABILITIES, replace(SWIFT, programs=20), 1, rules=frozenset({"L1"}))
    assert found.broken is None
    assert found.cases >= 20
    assert found.coverage == {"grant": found.cases}
