"""Checks of who holds a job: one worker at a time, and nobody after its end."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from jobkit_conformance.processes.history import FOREVER, Execution, Grant, JobHistory
from jobkit_conformance.processes.run_record import CLOCKS, RunRecord, Violation

COMING: Final = 5.0
"""Seconds that a process may take to come, when it is not heard of sooner."""


def granted_while_leased(case: RunRecord) -> Iterator[Violation]:
    """Counted from before the calls that granted and extended it: nobody's clock is compared with another's."""
    for tale, stay in _stays(case):
        for one, other in pairwise(stay):
            live = min(one.until - CLOCKS, one.settling)
            if other.came < live:
                early = f"{one.until - other.came:.3f} s before the lease of {one.worker.name} ran out"
                yield Violation("R1", f"{tale.id} was granted to {other.worker.name} {early}", tale.id)


def granted_after_its_end(case: RunRecord) -> Iterator[Violation]:
    for tale, stay in _stays(case):
        for end in [grant for grant in stay if grant.how in ("Done", "Dead")]:
            later = [grant for grant in stay if grant.number > end.number]
            if later:
                words = f"{tale.id} was settled as {end.how.lower()} by {end.worker.name}"
                yield Violation("L6", f"{words}, and granted again to {later[0].worker.name}", tale.id)


def counted_wrong(case: RunRecord) -> Iterator[Violation]:
    """Attempts go up by one, but for what was given back. Deliveries that nobody saw count too."""
    for tale, stay in _stays(case):
        for one, other in pairwise(stay):
            most = other.number - one.number
            least = most - 1 if one.asked == "Release" and most == 1 else most if most == 1 else 0
            if one.how == "Release" and most == 1:
                most = 0
            if not least <= other.attempt - one.attempt <= most:
                words = (
                    f"delivery {one.number} had attempt {one.attempt}, delivery {other.number} attempt {other.attempt}"
                )
                how = (
                    f" after it was settled with {one.how or one.asked}" if one.asked else " after its worker was lost"
                )
                yield Violation("L2", f"{tale.id}: {words}{how}", tale.id)


def _stays(case: RunRecord) -> Iterator[tuple[JobHistory, list[Grant]]]:
    for tale in case.evidence.tales.values():
        for stay in tale.stays:
            yield tale, stay


def started_twice(case: RunRecord) -> Iterator[Violation]:
    """Started again while it runs on a worker that nothing had happened to."""
    for tale in case.evidence.tales.values():
        for one, other in pairwise(sorted(tale.executions, key=lambda each: each.began)):
            if other.began < one.until and _is_held(case, one, other.began) and not _had_it(tale, other):
                came = _came_or_went(case, one, other)
                why = f" when {came} came or went" if came else ""
                words = f"{tale.id} was started by {other.worker.name} while {one.worker.name} performed it{why}"
                yield Violation("W12" if came else "W2", words, tale.id)


def _had_it(tale: JobHistory, other: Execution) -> bool:
    """Whether a worker may have had the job in hand since before it stood still or was cut off, and not know better."""
    return other.worker.was_held(tale.accepted, other.began)


def _is_held(case: RunRecord, one: Execution, at: float) -> bool:
    """Whether a worker must still have its job: nothing had happened to it, or it has its grace to end."""
    life = one.worker
    if life.was_held(one.began, at) or (life.killed is not None and life.killed <= at):
        return False
    if life.asked and life.asked[0] <= at:
        return len(life.asked) == 1 and at < life.asked[0] + case.plan.grace and not one.note
    if not case.declared.outlasts and case.declared.lease is not None:
        return at < one.began + case.declared.lease
    return True


def _came_or_went(case: RunRecord, one: Execution, other: Execution) -> str:
    """Another process that started or ended in between, if there is one; it starts until it is first heard of."""
    for life in case.evidence.lives.values():
        moments = (life.down, life.killed or FOREVER, *life.asked)
        went = any(one.began <= at <= other.began for at in moments)
        came = life.up <= other.began and one.began <= min(life.heard, life.up + COMING)
        if life is not one.worker and (came or went):
            return life.name
    return ""


def performed_again(case: RunRecord) -> Iterator[Violation]:
    """It had ended, and its worker had all the time that it needs to say so."""
    wait = case.recovery or 0.0
    for tale in case.evidence.tales.values():
        for one, other in pairwise(sorted(tale.executions, key=lambda each: each.began)):
            if one.ended is None or other.began < one.ended or _had_it(tale, other) or tale.may_be_anew(one.ended):
                continue
            if one.worker.undisturbed(one.began, one.ended + wait):
                words = f"{tale.id} had ended on {one.worker.name}, to which nothing had happened"
                yield Violation("W2", f"{words}, and was started again by {other.worker.name}", tale.id)
            elif case.declared.delivery == "at most once":
                yield Violation("W2", f"{tale.id} was started twice, and at most once is declared", tale.id)
