"""What came about in a simulation: rules that had no occasion to be broken are not called kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from jobkit.backend import LeaseExpired, RetryAt, Stale
from jobkit_conformance.history.delivery_records import DeliveryRecord, delivery_records, end
from jobkit_conformance.history.history import History
from jobkit_conformance.history.job_history import by_job
from jobkit_conformance.history.worker_history import WorkerHistory


def coverage_labels(history: History) -> Iterator[str]:
    """What came about, each as often as it did."""
    calls = history.calls
    yield from ("calls at once" for one, other in pairwise(calls) if one.ended is None or one.ended > other.begun)
    yield from ("something lost" for _ in range(history.lost))
    for call in calls:
        if call.verb in ("extend", "cancel", "delete"):
            yield call.verb
        if call.verb == "reserve" and not call.answered:
            yield "reserve given up"
        if call.verb == "reserve" and call.stated["wait"]:
            yield "reserve that waited"
        answers: Sequence[object] = call.answer if call.answered else ()
        for answer in answers:
            if call.verb in ("settle", "extend") and isinstance(answer, Stale):
                yield "settle or extend, stale"
            if isinstance(answer, LeaseExpired):
                yield "extend, lease_expired"
        if call.verb == "enqueue" and any(message.key for message in call.items):
            yield "a key"
    yield from _of_jobs(history)


def _of_jobs(history: History) -> Iterator[str]:
    for life in by_job(history).values():
        yield from ("grant" for _ in life.grants)
        yield from ("another delivery" for _ in life.grants[1:])
    for process in history.processes:
        yield from _of_a_worker(process, delivery_records(process, history.duties))


def _of_a_worker(process: WorkerHistory, deeds: Sequence[DeliveryRecord]) -> Iterator[str]:
    if process.asked is not None and any(start.runs_at(process.asked) for start in process.starts):
        yield "worker asked to stop"
    if process.cut:
        yield "worker cut off"
    reserves = [call for call in process.calls if call.verb == "reserve"]
    yield from ("reserve beside a job" for call in reserves if any(each.runs_at(call.begun) for each in process.starts))
    for deed in deeds:
        yield from _of_a_delivery(deed)


def _of_a_delivery(deed: DeliveryRecord) -> Iterator[str]:
    start = deed.start
    if not deed.duty.readable:
        yield "job that nobody can read"
    if deed.delivery.attempt > deed.duty.attempts:
        yield "delivery beyond the limit"
    if start is None:
        return
    yield "job performed"
    if start.ended is None or start.runs_at(deed.process.died or 0):
        yield "job whose worker died"
    if deed.extends:
        yield "lease kept"
    if start.own and start.raised != "ValueError":
        yield "error of an odd kind"
    if any(
        isinstance(outcome, (Stale, LeaseExpired)) and start.runs_at(end(call)) for call, _, outcome in deed.extends
    ):
        yield "lease lost"
    if any(isinstance(settlement, RetryAt) for _, settlement in deed.settles):
        yield "job to be tried again"
    if deed.duty.limit is not None and start.until - start.from_ms >= deed.duty.limit:
        yield "job past its limit"
