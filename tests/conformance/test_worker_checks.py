"""What is asked of workers, on histories written by hand: the good are not accused, the bad by their own rule alone."""

from __future__ import annotations

import pytest

from jobkit_conformance.checkers.worker_checks import check_workers, checks
from jobkit_conformance.history.delivery_records import delivery_records
from jobkit_conformance.history.history import History
from jobkit_conformance.simulation.coverage import coverage_labels
from jobkit_conformance.violations import RuleViolation
from tests.conformance.histories import Written, granted
from tests.conformance.worker_histories import CASES, Case, Shift

GOOD = [case for case in CASES if not case.rules]
BAD = [case for case in CASES if case.rules]


def _name(case: Case) -> str:
    return case.write.__name__


def broken(history: History) -> set[str]:
    """Every rule that does not hold."""
    found: set[str] = set()
    for ask in checks(history):
        try:
            ask()
        except RuleViolation as broken:
            found.add(broken.rule)
    return found


@pytest.mark.parametrize("case", GOOD, ids=_name)
def test_the_good_are_not_accused(case: Case) -> None:
    check_workers(case.written().history)


@pytest.mark.parametrize("case", BAD, ids=_name)
def test_the_bad_are_told_by_their_own_rule_alone(case: Case) -> None:
    assert broken(case.written().history) == case.rules


def test_without_workers_nothing_is_asked() -> None:
    assert broken(Written().history) == set()
    assert set(coverage_labels(Written().history)) == set()


def test_without_workers_nobody_has_left_anything() -> None:
    written = Written()
    written.calm()
    call = written.history.begin("rest", "reserve", ["q"], {"limit": 1, "lease": 1, "wait": 0})
    written.answer(call, [granted()])
    assert broken(written.history) == set()


def test_every_rule_about_workers_has_a_bad_history() -> None:
    assert set().union(*(case.rules for case in BAD)) == {f"W{number}" for number in (*range(1, 11), 12, 13)}


def test_a_start_belongs_to_the_latest_delivery_of_its_job_before_it() -> None:
    shift = Shift()
    shift.hear("a", 1)
    shift.hear("b", 1)
    first = shift.begin("a", 1)
    shift.hear("a", 2)
    second = shift.begin("a", 2)
    deeds = {
        f"{deed.id}{deed.delivery.attempt}": deed.start for deed in delivery_records(shift.w, shift.history.duties)
    }
    assert deeds == {"a1": first, "b1": None, "a2": second}


def test_what_is_wrong_is_said_with_worker_attempt_and_job() -> None:
    with pytest.raises(RuleViolation, match=r"^w's attempt 4 of 'a' started, with 3 allowed$"):
        check_workers(next(case for case in BAD if case.rules == {"W4"}).written().history)
