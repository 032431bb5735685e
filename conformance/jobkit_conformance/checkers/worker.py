"""What a worker owes as such: to take what it can start, to stop when asked to, and to say how it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from jobkit_conformance.checkers.disruptions import passed_its_limit, was_delayed, was_paused
from jobkit_conformance.history.delivery_records import DeliveryRecord, end, end_ms
from jobkit_conformance.history.worker_history import JobRun, WorkerHistory
from jobkit_conformance.scenario import SECOND
from jobkit_conformance.violations import RuleViolation

SPINNING: Final = 40
"""Calls of one worker within a second: nobody has a reason for so many."""


def _begins_nothing_more(process: WorkerHistory, deeds: Sequence[DeliveryRecord]) -> None:
    """W7."""
    asked, asked_ms = process.asked, process.asked_ms
    if asked is None:
        return
    assert asked_ms is not None  # each place has its instant
    for call in process.calls:
        if call.verb == "reserve" and call.from_ms > asked_ms:  # in that instant one may be beyond recall
            raise RuleViolation("W7", f"{process.name} was asked to stop, and reserved after that")
    for deed in deeds:
        if deed.start is not None and end(deed.heard) > asked:
            raise RuleViolation("W7", f"{deed.words} started after {process.name} was asked to stop")
        if deed.start is not None and _was_interrupted(deed, deed.start, asked, asked_ms + process.grace):
            raise RuleViolation("W7", f"{deed.words} was interrupted within the grace of {process.grace} ms")


def _stops(process: WorkerHistory, deeds: Sequence[DeliveryRecord]) -> None:
    """W7."""
    asked = process.asked
    if asked is None or process.died is not None:
        return
    if process.fell:
        raise RuleViolation("W7", f"{process.name} was asked to stop, and raised {process.fell}")
    if process.stopped is None:
        raise RuleViolation("W7", f"{process.name} was asked to stop, and never did")
    kept = [deed for deed in deeds if deed.settled > process.stopped]
    failed = any(not call.answered for call in process.calls if end(call) > asked)
    if kept and not failed and not was_delayed(process):
        raise RuleViolation("W7", f"{process.name} has stopped, and had not given back {kept[0].id!r}")


def _was_interrupted(deed: DeliveryRecord, start: JobRun, since: int, until_ms: int) -> bool:
    """Whether its worker ended it between a place and an instant, and nothing else did."""
    interrupted = start.raised == "CancelledError" and not start.own and not start.told
    late = passed_its_limit(start, deed.duty.limit)
    return interrupted and start.until < until_ms and start.runs_at(since) and not late


def _takes_what_it_can_start(process: WorkerHistory, deeds: Sequence[DeliveryRecord]) -> None:
    """W8."""
    for start in process.starts:
        running = 1 + sum(other.runs_at(start.begun) for other in process.starts if other is not start)
        if running > process.concurrency:
            raise RuleViolation("W8", f"{running} jobs ran at once on {process.name}, where {process.concurrency} may")
    for call in process.calls:
        if call.verb == "reserve":
            running = sum(start.runs_at(call.begun) for start in process.starts)
            limit, may = call.stated["limit"], process.concurrency
            if limit + running > may:
                raise RuleViolation(
                    "W8", f"{process.name} reserved {limit} beside {running} that ran, where {may} may run"
                )


def _does_not_spin(process: WorkerHistory, deeds: Sequence[DeliveryRecord]) -> None:
    """W9."""
    begins = [call.from_ms for call in process.calls]
    for first, last in zip(begins, begins[SPINNING:], strict=False):
        if last - first < SECOND:
            raise RuleViolation("W9", f"{process.name} made more than {SPINNING} calls within a second")


def _says_whether_it_is_ready(process: WorkerHistory, deeds: Sequence[DeliveryRecord]) -> None:
    """W9."""
    for place, now, ready in process.ready:
        answers = [call for call in process.calls if call.verb == "reserve" and end(call) < place]
        if not answers or end_ms(answers[-1]) == now or was_paused(process, end_ms(answers[-1]), now):
            continue
        if answers[-1].answered is not ready:
            said = "ready" if ready else "not ready"
            raise RuleViolation("W9", f"{process.name} said that it is {said}, which its last reserve belies")


WORKER_CHECKS: Final[Sequence[Callable[[WorkerHistory, Sequence[DeliveryRecord]], None]]] = (
    _begins_nothing_more,
    _stops,
    _takes_what_it_can_start,
    _does_not_spin,
    _says_whether_it_is_ready,
)
