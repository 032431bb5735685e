"""What verdicts come to: pure."""

from __future__ import annotations

import pytest

from jobkit_conformance.report import Report, blank
from jobkit_conformance.verdicts import Exit, Verdict, exit_of, together


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([], Exit.CONFORMANT),
        ([Verdict.KEPT, Verdict.REFUSED, Verdict.OUT_OF_SCOPE, Verdict.WAIVED], Exit.CONFORMANT),
        ([Verdict.KEPT, Verdict.NOT_RUN], Exit.INCOMPLETE),
        ([Verdict.KEPT, Verdict.NOT_EXERCISED], Exit.INCOMPLETE),
        ([Verdict.KEPT, Verdict.UNKNOWN], Exit.INCOMPLETE),
        ([Verdict.BROKEN, Verdict.NOT_RUN], Exit.BROKEN),
        ([Verdict.ERROR, Verdict.BROKEN, Verdict.NOT_RUN], Exit.KIT_FAILED),
    ],
)
def test_the_gravest_decides(verdicts: list[Verdict], expected: Exit) -> None:
    assert exit_of(verdicts) is expected


def test_an_option_that_is_not_claimed_and_accepted_is_as_bad_as_a_broken_rule() -> None:
    assert exit_of([Verdict.KEPT], accepted_unclaimed=True) is Exit.BROKEN


def test_incompleteness_can_be_allowed_and_nothing_else() -> None:
    assert exit_of([Verdict.KEPT, Verdict.NOT_RUN], allow_incomplete=True) is Exit.CONFORMANT
    assert exit_of([Verdict.BROKEN], allow_incomplete=True) is Exit.BROKEN
    assert exit_of([Verdict.ERROR], allow_incomplete=True) is Exit.KIT_FAILED


def test_exit_codes_are_what_the_command_promises() -> None:
    assert {code.name: int(code) for code in Exit} == {
        "CONFORMANT": 0,
        "BROKEN": 1,
        "USAGE": 2,
        "INCOMPLETE": 3,
        "KIT_FAILED": 4,
    }


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([], Verdict.NOT_RUN),
        ([Verdict.KEPT, Verdict.KEPT], Verdict.KEPT),
        ([Verdict.KEPT, Verdict.NOT_EXERCISED], Verdict.NOT_EXERCISED),
        ([Verdict.KEPT, Verdict.UNKNOWN], Verdict.UNKNOWN),
        ([Verdict.NOT_EXERCISED, Verdict.BROKEN, Verdict.KEPT], Verdict.BROKEN),
        ([Verdict.BROKEN, Verdict.ERROR], Verdict.ERROR),
    ],
)
def test_several_tiers_say_the_gravest(said: list[Verdict], expected: Verdict) -> None:
    assert together(said) is expected


def _report(verdict: Verdict, **stated: object) -> Report:
    findings = blank()
    for finding in findings.values():
        finding.verdict = verdict
    return Report("target", "backend", None, "frozen", "quick", 1, findings, **stated)  # type: ignore[arg-type]


def test_headlines() -> None:
    assert _report(Verdict.KEPT).headline == "CONFORMANT"
    assert _report(Verdict.NOT_RUN).headline == "INCOMPLETE"
    assert _report(Verdict.NOT_RUN, allow_incomplete=True).headline == "INCOMPLETE"
    assert _report(Verdict.BROKEN).headline == "NOT CONFORMANT"
    assert _report(Verdict.ERROR).headline == "THE KIT FAILED"
    assert _report(Verdict.KEPT, unsound="wipe() does nothing").headline == "THE KIT FAILED"


def test_an_unsound_harness_is_never_complete() -> None:
    report = _report(Verdict.KEPT, unsound="wipe() does nothing")
    assert not report.complete
    assert report.exit is Exit.KIT_FAILED
