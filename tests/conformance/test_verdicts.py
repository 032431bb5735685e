"""What verdicts come to: pure."""

from __future__ import annotations

from importlib.metadata import entry_points

import pytest

from jobkit_conformance.harness import BackendHarness
from jobkit_conformance.reports import terminal
from jobkit_conformance.reports.json_report import document
from jobkit_conformance.reports.merge import merge
from jobkit_conformance.reports.report import Report, blank
from jobkit_conformance.verdicts import Exit, Verdict, exit_of, together
from tests.conformance.made_reports import report


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


def test_a_worker_that_is_not_the_backends_own_is_shown_beside_the_verdict() -> None:
    verdicts = {"W1": Verdict.BROKEN, "W2": Verdict.UNKNOWN}
    own, other = (report(verdicts=verdicts, worker_counts=counts) for counts in (True, False))
    assert (own.exit, own.complete) == (Exit.BROKEN, False)
    assert (other.exit, other.complete, other.headline) == (Exit.CONFORMANT, True, "CONFORMANT")
    assert other.counted[Verdict.BROKEN] == 1
    assert "shown beside the verdict" in terminal.render(other, "mine")
    assert "shown beside the verdict" not in terminal.render(own, "mine")


def test_beside_the_verdict_nothing_that_was_asked_for_and_no_failure_of_the_kit() -> None:
    asked = report(verdicts={"W1": Verdict.BROKEN}, worker_counts=False, asked=frozenset({"W1"}))
    assert asked.exit is Exit.BROKEN
    assert report(verdicts={"W1": Verdict.ERROR}, worker_counts=False).exit is Exit.KIT_FAILED


@pytest.mark.parametrize("worker_counts", [True, False])
def test_a_document_and_a_merge_of_it_come_to_the_same(worker_counts: bool) -> None:  # noqa: FBT001
    found = report(verdicts={"W1": Verdict.BROKEN}, worker_counts=worker_counts)
    written = document(found)
    merged = merge([("a", written), ("b", document(report(seed=2, worker_counts=worker_counts)))])
    assert merged.footer.exit == written.footer.exit == found.exit
    assert merged.footer.complete == written.footer.complete == found.complete


def test_the_backends_of_this_house_bring_their_worker() -> None:
    for target in ("inline", "redis", "sqlite", "fakeredis"):
        point = next(point for point in entry_points(group="jobkit.harnesses") if point.name == target)
        assert point.load().worker_counts
    assert not BackendHarness.worker_counts


def test_rules_that_were_not_asked_for_say_nothing_of_the_exit_code() -> None:
    found = report(Verdict.NOT_RUN, verdicts={"B1": Verdict.KEPT}, asked=frozenset({"B1"}))
    assert (found.exit, found.complete) == (Exit.CONFORMANT, False)
    assert document(found).footer.exit is Exit.CONFORMANT
