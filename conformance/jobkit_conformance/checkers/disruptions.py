"""What may have kept a worker from its duties, and excuses it."""

from __future__ import annotations

from typing import Final

from jobkit_conformance.history.delivery_records import end, end_ms
from jobkit_conformance.history.worker_history import JobRun, WorkerHistory

ROUNDING: Final = 2
"""Milliseconds."""


def stop_requested(process: WorkerHistory, place: int) -> bool:
    return process.asked is not None and process.asked < place


def was_paused(process: WorkerHistory, from_ms: int, until_ms: int) -> bool:
    return any(span.from_ms <= until_ms and span.to_ms >= from_ms for span in process.frozen)


def was_disrupted(process: WorkerHistory, from_ms: int, until_ms: int) -> bool:
    """Whether it stood still, was blocked by a job, or something that it sent had no answer, its last settle above all:
    it waits a while before it tries that again."""
    if any(span.from_ms <= until_ms and span.to_ms >= from_ms for span in process.blocked):
        return True
    failed = any(not call.answered and call.from_ms <= until_ms and end_ms(call) >= from_ms for call in process.calls)
    settles = [call for call in process.calls if call.verb == "settle" and call.from_ms <= until_ms]
    failed = failed or any(not call.answered for call in settles[-1:])
    return failed or was_paused(process, from_ms, until_ms)


def was_delayed(process: WorkerHistory) -> bool:
    """Whether something that it sent took for as long as a lease lasts, while it stopped."""
    late = [call for call in process.calls if stop_requested(process, end(call))]
    return any(call.ended is not None and end_ms(call) - call.from_ms >= process.lease for call in late)


def passed_its_limit(start: JobRun, limit: int | None) -> bool:
    return limit is not None and start.until - start.from_ms >= limit - ROUNDING
