"""Checks of what there is: nothing is lost, nothing comes from nowhere, nothing is left behind."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_conformance.processes.history import FOREVER, JobHistory
from jobkit_conformance.processes.run_record import RunRecord, Violation, describe_end, unfinished


def performed_without_being_enqueued(case: RunRecord) -> Iterator[Violation]:
    for tale in case.evidence.tales.values():
        first = min((each.began for each in tale.executions), default=FOREVER)
        if first < tale.offered:
            yield Violation("E8", f"{tale.id} started, and nobody had enqueued it", tale.id)


def lost(case: RunRecord) -> Iterator[Violation]:
    """Accepted, never performed to its end, and not in the store any more."""
    for tale in unfinished(case):
        if tale.left or not case.evidence.looked:
            continue
        if case.declared.delivery == "at most once" and _taken_along(case, tale):
            continue  # it was taken, and that was all that was promised
        restarts = [span for span in case.evidence.away if span.begun >= tale.accepted]
        rule, why = ("D1", " before the store restarted") if restarts and not tale.executions else ("W1", "")
        yield Violation(
            rule, f"{tale.id} was accepted{why}, {describe_end(tale)}, and is not in the store any more", tale.id
        )


def _taken_along(case: RunRecord, tale: JobHistory) -> bool:
    """Begun and not ended; or never begun, where a worker was killed that may have taken it a moment before."""
    if tale.executions:
        return any(each.ended is None for each in tale.executions)
    deaths = (life.killed for life in case.evidence.lives.values())
    return any(killed is not None and killed >= tale.accepted for killed in deaths)


def given_up(case: RunRecord) -> Iterator[Violation]:
    """Dead, and no job here is one to give up but those that kill their workers."""
    how = {task.id: task.how for task in case.plan.tasks}
    for tale in case.evidence.tales.values():
        if tale.left == "dead" and how.get(tale.id) != "kills":
            yield Violation("W1", f"{tale.id} is dead, and {describe_end(tale)}: it has attempts left", tale.id)


def left_behind(case: RunRecord) -> Iterator[Violation]:
    """Ended and settled, and still in the store."""
    for tale in case.evidence.tales.values():
        ends = [grant for grant in tale.grants if grant.how == "Done" and not tale.may_be_anew(grant.settling)]
        if tale.left == "live" and ends:
            yield Violation("S1", f"{tale.id} ended and was settled as done, and is still in the store", tale.id)
