"""Cancel, requeue, delete, get: what is asked of jobs by their ids."""

from __future__ import annotations

from collections.abc import Iterable

from jobkit.backend import (
    Cancelled,
    CancelOutcome,
    CancelPending,
    Deleted,
    DeleteOutcome,
    KeyTaken,
    NotFound,
    Requeued,
    RequeueOutcome,
    Stored,
)
from jobkit.backends.sqlite.transaction import DEAD, PHASES, JobRow, Transaction
from jobkit.lifecycle import State, state


def cancel(step: Transaction, ids: Iterable[str]) -> list[CancelOutcome]:
    return [_cancel(step, step.find(id)) for id in ids]


def _cancel(step: Transaction, job: JobRow | None) -> CancelOutcome:
    if job is None or job.phase == DEAD:
        return NotFound()
    if state_of(job, step.now) is State.LEASED:
        step.execute("UPDATE jobs SET phase = 2 WHERE seq = ?", (job.seq,))
        return CancelPending()
    step.end(job.seq, job.id, job.remember, step.now)
    return Cancelled()


def requeue(step: Transaction, ids: Iterable[str]) -> list[RequeueOutcome]:
    return [_requeue(step, step.find(id)) for id in ids]


def _requeue(step: Transaction, job: JobRow | None) -> RequeueOutcome:
    if job is None or job.phase != DEAD:
        return NotFound()
    if job.key is not None and (holder := step.holder(job.key)) is not None:
        return KeyTaken(by=holder)
    update = "UPDATE jobs SET phase = 0, since = ?, attempt = 0, released = 0, reason = NULL WHERE seq = ?"
    step.execute(update, (step.now, job.seq))
    step.rung.add(job.queue)
    return Requeued()


def delete(step: Transaction, ids: Iterable[str]) -> list[DeleteOutcome]:
    return [_delete(step, step.find(id)) for id in ids]


def _delete(step: Transaction, job: JobRow | None) -> DeleteOutcome:
    if job is None:
        return NotFound()
    step.drop(job.seq)
    return Deleted()


def get(step: Transaction, ids: Iterable[str]) -> list[Stored | NotFound]:
    return [NotFound() if job is None else shown(job, step.now) for job in map(step.find, ids)]


def state_of(job: JobRow, now: int) -> State | None:
    return state(PHASES[job.phase], job.since, job.since, now)


def shown(job: JobRow, now: int) -> Stored:
    """A job as it is seen at an instant; one that is over is not to be shown."""
    seen = state_of(job, now)
    assert seen is not None
    leased = seen is State.LEASED
    return Stored(
        message=job.message,
        state=seen,
        since=job.since,
        attempt=job.attempt,
        number=job.number,
        lease_end=job.since if leased else None,
        cancelled=leased and PHASES[job.phase] is PHASES[2],
        reason=job.why_dead,
    )
