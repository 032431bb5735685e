"""Checks of limits, times and order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from jobkit_conformance.processes.history import FOREVER, JobHistory
from jobkit_conformance.processes.run_record import CLOCKS, RunRecord, Violation, times


def started_too_often(case: RunRecord) -> Iterator[Violation]:
    limit = case.declared.attempts
    if limit is None:
        return
    for task in case.plan.tasks:
        tale = case.evidence.tales.get(task.id, JobHistory(task.id))
        if task.how == "kills" and len(tale.executions) > limit:
            words = f"{task.id}, which kills its worker, was started {times(len(tale.executions))}"
            yield Violation("W4", f"{words}, with {limit} attempts", task.id)


def started_early(case: RunRecord) -> Iterator[Violation]:
    for task in case.plan.tasks:
        tale = case.evidence.tales.get(task.id, JobHistory(task.id))
        due = tale.offered + task.after / 1000
        offered = tale.offered != FOREVER
        if task.after and offered and tale.executions and tale.executions[0].began < due - CLOCKS:
            early = due - tale.executions[0].began
            yield Violation(
                "T1", f"{task.id} was due {task.after} ms after its enqueue, and started {early:.3f} s early", task.id
            )


def out_of_order(case: RunRecord) -> Iterator[Violation]:
    """Granted before one that was accepted earlier and waited all the while; or, unseen, started before it."""
    if not case.declared.order:
        return
    plain = {task.id for task in case.plan.tasks if not task.after}
    tales = [tale for tale in case.evidence.tales.values() if tale.id in plain and tale.accepted != FOREVER]
    firsts = [(tale, tale.grants[0]) for tale in tales if tale.grants and tale.grants[0].number == 1]
    for early, waited in firsts:
        for late, grant in firsts:
            if early.place < late.place and early.accepted < grant.sent and grant.came < waited.sent:
                words = f"{late.id} was granted while {early.id}, accepted before it, waited"
                yield Violation("O1", words, late.id)
    if not firsts and case.plan.workers * case.plan.slots == 1:
        yield from _started_out_of_order(tales)


def _started_out_of_order(tales: Sequence[JobHistory]) -> Iterator[Violation]:
    started = sorted((tale for tale in tales if tale.executions), key=lambda tale: tale.executions[0].began)
    for one, other in pairwise(started):
        if other.place < one.place and other.accepted < one.executions[0].began:
            yield Violation("O1", f"{one.id} was started before {other.id}, which was accepted before it", one.id)
