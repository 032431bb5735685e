"""What workers owe when all is calm again: whoever lives takes jobs, and nothing is left behind."""

from __future__ import annotations

from typing import Final

from jobkit_conformance.history.delivery_records import end
from jobkit_conformance.history.history import History
from jobkit_conformance.history.worker_history import WorkerHistory, probe
from jobkit_conformance.scenario import SECOND
from jobkit_conformance.violations import RuleViolation

RESTING: Final = 5 * SECOND
"""So long a worker may wait before it looks again, where the store wakes nobody."""


def check_probes(process: WorkerHistory, calm: int) -> None:
    """W6 and W9: who still works when all is calm performs as many jobs at once as it may."""
    if process.died is not None or process.asked is None or process.asked < calm or process.begun > calm:
        return
    wanted = _probes(process)
    started = [start for start in process.starts if start.id in wanted]
    if _has_other_things_to_do(process, calm):
        return
    if not started and any(call.error is not None for call in process.calls if call.begun < calm):
        raise RuleViolation("W9", f"{process.name} takes no more jobs, although the store answers again")
    most = max((1 + sum(other.runs_at(each.begun) for other in started) for each in started), default=0)
    if most < process.concurrency:
        raise RuleViolation("W6", f"{process.name} performs {most} jobs at once, where {process.concurrency} may")


def _probes(process: WorkerHistory) -> set[str]:
    return {probe(process.name, number) for number in range(process.concurrency)}


def _has_other_things_to_do(process: WorkerHistory, calm: int) -> bool:
    """Whether something else was still in the way of its probes."""
    wanted = _probes(process)
    return any(start.id not in wanted and (start.ended is None or start.ended > calm) for start in process.starts)


def _had_time(process: WorkerHistory) -> bool:
    """Whether it could have taken one more job, for as long as it may rest between two looks, when it was asked to
    stop."""
    asked_ms = process.asked_ms
    assert asked_ms is not None  # nobody else is looked at
    spans = [(start.from_ms, start.until) for start in process.starts]
    running = sum(from_ms <= asked_ms and until_ms >= asked_ms - RESTING for from_ms, until_ms in spans)
    blocked = any(span.from_ms <= asked_ms and span.to_ms >= asked_ms - RESTING for span in process.blocked)
    return running < process.concurrency and not blocked


def check_nothing_left(history: History) -> None:
    """W1: what is left when every worker had its time was stranded by one of them."""
    if history.quiesced_at is None or not history.processes:
        return
    asked = [
        process for process in history.processes if process.asked is not None and process.asked > history.quiesced_at
    ]
    if asked and not any(_had_time(process) for process in asked):
        return
    excused = {
        id
        for process in history.processes
        if _has_other_things_to_do(process, history.quiesced_at)
        for id in _probes(process)
    }
    heard = excused | {
        delivery.message.id
        for process in history.processes
        for call in process.calls
        if call.verb == "reserve" and call.answered and end(call) > history.quiesced_at
        for delivery in call.answer
    }
    for call in history.of("reserve"):
        if call.client == "rest" and call.answered and call.begun > history.quiesced_at:
            for delivery in call.answer:
                if delivery.message.id not in heard:
                    raise RuleViolation("W1", f"{delivery.message.id!r} was left behind by every worker")
