"""Checks of workers that are asked to stop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jobkit_conformance.processes.history import FOREVER, Grant, WorkerLifetime
from jobkit_conformance.processes.run_record import RunRecord, Violation

PROMPT: Final = 0.5
"""Seconds in which a worker has heard that it should stop, and a start that was under way has been written down."""
SLOW: Final = 0.4
"""Seconds that a job may take longer than it should, and still be one that ends within the grace."""


def started_after_term(case: RunRecord) -> Iterator[Violation]:
    for each in case.evidence.executions():
        life = each.worker
        if life.asked and each.began > life.asked[0] + PROMPT and not life.was_held(life.asked[0], each.began):
            late = each.began - life.asked[0]
            yield Violation("W7", f"{life.name} started {each.id} {late:.2f} s after TERM", each.id, life.name)


def does_not_end(case: RunRecord) -> Iterator[Violation]:
    if case.declared.grace is None:
        return
    for life in case.evidence.lives.values():
        if life.stubborn and not life.was_held(life.asked[0], life.down):
            late = (life.killed or 0.0) - life.asked[0]
            yield Violation("W7", f"{life.name} had not ended {late:.1f} s after TERM", worker=life.name)


def kept_after_its_end(case: RunRecord) -> Iterator[Violation]:
    """A worker that stopped well has settled everything that it was granted."""
    for life, grant in _of_those_who_stopped_well(case):
        if not grant.asked:
            words = f"{life.name} stopped after TERM and settled nothing of {grant.id}, which was left to its lease"
            yield Violation("W7", words, grant.id, life.name)


def _of_those_who_stopped_well(case: RunRecord) -> Iterator[tuple[WorkerLifetime, Grant]]:
    for tale in case.evidence.tales.values():
        for grant in tale.grants:
            life = grant.worker
            well = len(life.asked) == 1 and life.killed is None and life.down != FOREVER
            if well and grant.until > life.asked[0] and not life.was_held(grant.sent, life.down):
                yield life, grant


def cut_within_its_grace(case: RunRecord) -> Iterator[Violation]:
    """A job that had time enough to end, and was not let."""
    if case.declared.grace is None:
        return
    takes = {task.id: task.milliseconds / 1000 for task in (*case.plan.tasks, *case.plan.calls())}
    for each in case.evidence.executions():
        life = each.worker
        if len(life.asked) != 1 or life.killed is not None or life.was_held(each.began, life.down):
            continue
        asked = life.asked[0]
        in_time = each.began + takes.get(each.id, FOREVER) + SLOW < asked + case.plan.grace
        if each.began <= asked <= each.until and in_time and each.ended is None and each.note != "Failed":
            words = (
                f"{life.name} was asked to stop with a grace of {case.plan.grace:g} s, and {each.id} was not let end"
            )
            yield Violation("W7", words, each.id, life.name)
