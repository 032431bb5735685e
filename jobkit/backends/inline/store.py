"""What the inline backend keeps, and every move of it, as one step each: no waiting, no time of its own.

Becoming due and running out are questions put to sorted lines, not moves: nothing is promoted, nothing swept,
nothing is late. Only the end of a cancelled lease leaves something to clear away, and each verb begins with that.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence, Sized
from itertools import islice

from jobkit.backend import (
    Accepted,
    Cancelled,
    CancelOutcome,
    CancelPending,
    CancelRequested,
    Conflict,
    Counts,
    Dead,
    Deleted,
    DeleteOutcome,
    Delivery,
    Done,
    Duplicate,
    EnqueueOutcome,
    Extended,
    ExtendOutcome,
    Extension,
    KeyTaken,
    LeaseExpired,
    Message,
    NotFound,
    Release,
    Requeued,
    RequeueOutcome,
    RetryAt,
    Settled,
    Settlement,
    SettleOutcome,
    Stale,
    Stored,
)
from jobkit.backends.inline.key_values import Cells
from jobkit.backends.inline.sorted_index import Entry, SortedIndex
from jobkit.backends.inline.state import Position, Queue, StoredJob
from jobkit.lifecycle import Phase, State, Transition, apply_transition, state

PAGE = 100


class Store:
    """One namespace in memory. The caller holds the lock, and begins each step with `begin`."""

    def __init__(self) -> None:
        self.cells = Cells()
        self._jobs: dict[str, StoredJob] = {}
        self._queues: dict[str, Queue] = {}
        self._paused: set[str] = set()
        self._leases: dict[str, StoredJob] = {}
        self._holders: dict[str, str] = {}
        self._ending = SortedIndex()
        self._remembered: dict[str, Entry] = {}
        self._forgetting = SortedIndex()
        self._seq = 0
        self._now = 0

    def begin(self, now: int) -> int:
        """The backend's clock, which never runs backwards, once what ended by itself has been cleared away."""
        self._now = max(self._now, now)
        for end, _, id in tuple(self._ending.until(self._now)):
            self._end(self._jobs[id], Transition.EXPIRE, end)
        for entry in tuple(self._forgetting.until(self._now)):
            self._forgetting.remove(entry)
            del self._remembered[entry[2]]
        return self._now

    # Enqueue.

    def enqueue(self, now: int, messages: Iterable[Message]) -> list[EnqueueOutcome]:
        return [self._accept(now, message) for message in messages]

    def _accept(self, now: int, message: Message) -> EnqueueOutcome:
        if (job := self._jobs.get(message.id)) is not None:
            return Duplicate() if job.message == message else Conflict()
        if message.id in self._remembered:
            return Duplicate()
        if message.key is not None and (holder := self._holders.get(message.key)) is not None:
            return KeyTaken(by=holder)
        due = now + message.after if message.after is not None else message.at if message.at is not None else now
        self._seq += 1
        job = StoredJob(
            message, self._seq, since=max(due, now), phase=apply_transition(Phase.ABSENT, Transition.ACCEPT)
        )
        self._jobs[message.id] = job
        if message.key is not None:
            self._holders[message.key] = message.id
        self._place(job)
        return Accepted(due=job.since)

    # Reserve.

    def reserve(self, now: int, queues: Sequence[str], limit: int, lease: int) -> list[Delivery]:
        deliveries: list[Delivery] = []
        secret = os.urandom(12).hex()
        for queue in self._open(queues):
            for _, entry in tuple(islice(queue.select(State.READY, now), limit - len(deliveries))):
                token = f"{secret}{len(deliveries):x}"
                deliveries.append(self._grant(self._jobs[entry[2]], now + lease, token))
        return deliveries

    def _grant(self, job: StoredJob, lease_end: int, token: str) -> Delivery:
        self._displace(job)
        job.phase = apply_transition(job.phase, Transition.GRANT)
        job.number += 1
        job.attempt += not job.released
        job.released = False
        job.lease_end = lease_end
        self._void(job)
        job.token = token
        self._leases[token] = job
        self._place(job)
        return Delivery(job.message, job.number, job.attempt, token, lease_end, job.checkpoint)

    def next_due(self, queues: Iterable[str]) -> int | None:
        """The earliest instant at which one of these queues has something to grant, if nothing else happens."""
        lines = (
            line
            for queue in self._open(queues)
            for level in queue.levels.values()
            for line in (level.waiting, level.leased)
        )
        return min((first[0] for line in lines if (first := line.first())), default=None)

    def pause(self, name: str) -> None:
        self._paused.add(name)

    def resume(self, name: str) -> None:
        self._paused.discard(name)

    def _open(self, names: Iterable[str]) -> Iterator[Queue]:
        """Those of these queues that hold jobs and may grant them."""
        return (self._queues[name] for name in names if name in self._queues and name not in self._paused)

    # Settle and extend.

    def settle(self, now: int, settlements: Iterable[Settlement]) -> list[SettleOutcome]:
        return [self._settle(now, self._leases.get(settlement.token), settlement) for settlement in settlements]

    def _settle(self, now: int, job: StoredJob | None, settlement: Settlement) -> SettleOutcome:
        if job is None:
            return Stale()
        match settlement:
            case Done():
                self._end(job, Transition.DONE, now)
            case _ if job.phase is Phase.MARKED:
                self._end(job, Transition.RELEASE, now)
            case RetryAt(at=at, after=after):
                self._give_back(job, Transition.RETRY, max(now, now + after if after is not None else at or 0))
            case Release():
                self._give_back(job, Transition.RELEASE, now)
                job.released = True
            case Dead(reason=reason):
                self._give_back(job, Transition.DEAD_LETTER, now)
                job.reason = reason
                job.checkpoint = None
                self._free_key(job)
        return Settled()

    def extend(self, now: int, extensions: Iterable[Extension]) -> list[ExtendOutcome]:
        return [self._extend(now, self._leases.get(extension.token), extension) for extension in extensions]

    def _extend(self, now: int, job: StoredJob | None, extension: Extension) -> ExtendOutcome:
        if job is None:
            return Stale()
        if job.lease_end <= now:
            return LeaseExpired()
        self._displace(job)
        job.phase = apply_transition(job.phase, Transition.EXTEND)
        job.lease_end = now + extension.lease
        if extension.checkpoint is not None:
            job.checkpoint = extension.checkpoint
        self._place(job)
        return CancelRequested(end=job.lease_end) if job.phase is Phase.MARKED else Extended(end=job.lease_end)

    # By id.

    def cancel(self, now: int, ids: Iterable[str]) -> list[CancelOutcome]:
        return [self._cancel(now, self._jobs.get(id)) for id in ids]

    def _cancel(self, now: int, job: StoredJob | None) -> CancelOutcome:
        if job is None or job.phase is Phase.DEAD:
            return NotFound()
        if state(job.phase, job.since, job.lease_end, now) is State.LEASED:
            self._displace(job)
            job.phase = apply_transition(job.phase, Transition.REQUEST_CANCEL)
            self._place(job)
            return CancelPending()
        self._end(job, Transition.CANCEL, now)
        return Cancelled()

    def requeue(self, now: int, ids: Iterable[str]) -> list[RequeueOutcome]:
        return [self._requeue(now, self._jobs.get(id)) for id in ids]

    def _requeue(self, now: int, job: StoredJob | None) -> RequeueOutcome:
        if job is None or job.phase is not Phase.DEAD:
            return NotFound()
        key = job.message.key
        if key is not None:
            if (holder := self._holders.get(key)) is not None:
                return KeyTaken(by=holder)
            self._holders[key] = job.message.id
        self._give_back(job, Transition.REQUEUE, now)
        job.attempt = 0
        job.released = False
        job.reason = None
        return Requeued()

    def delete(self, ids: Iterable[str]) -> list[DeleteOutcome]:
        return [self._delete(self._jobs.get(id)) for id in ids]

    def _delete(self, job: StoredJob | None) -> DeleteOutcome:
        if job is None:
            return NotFound()
        self._remove(job, Transition.DELETE)
        return Deleted()

    # Looking.

    def get(self, now: int, ids: Iterable[str]) -> list[Stored | NotFound]:
        jobs = (self._jobs.get(id) for id in ids)
        return [job.seen(now) or NotFound() if job else NotFound() for job in jobs]

    def queues(self) -> list[str]:
        return sorted(self._queues, key=str.encode)

    def counts(self, now: int, name: str) -> Counts:
        queue = self._queues.get(name, Queue())
        scheduled = ready = leased = 0
        firsts: list[Entry | None] = []
        for level in queue.levels.values():
            due, ran_out = level.waiting.count_until(now), level.leased.count_until(now)
            scheduled += len(level.waiting) - due
            ready += due + ran_out
            leased += len(level.leased) - ran_out + len(level.marked)
            firsts += [level.waiting.first(), level.leased.first()]
        oldest = min((first[0] for first in firsts if first), default=None)
        paused = name in self._paused
        return Counts(scheduled, ready, leased, len(queue.dead), oldest if ready else None, paused)

    def peek(self, now: int, name: str, wanted: State, cursor: Position | None) -> tuple[list[Stored], Position | None]:
        """A page from the first place after the cursor on, and the last place of the page if there are more."""
        queue = self._queues.get(name, Queue())
        places = (place for place in queue.select(wanted, now) if cursor is None or place > cursor)
        page = list(islice(places, PAGE + 1))
        jobs = [seen for _, entry in page[:PAGE] if (seen := self._jobs[entry[2]].seen(now))]
        return jobs, page[PAGE - 1] if len(page) > PAGE else None

    def purge(self, now: int, name: str, wanted: State, limit: int) -> int:
        queue = self._queues.get(name, Queue())
        doomed = list(islice(queue.select(wanted, now), limit))
        for _, entry in doomed:
            self._remove(self._jobs[entry[2]], Transition.PURGE)
        return len(doomed)

    def footprint(self) -> dict[str, int]:
        """How many entries each part of the store has; without what is remembered."""
        parts: dict[str, Sized] = {
            "jobs": self._jobs,
            "queues": self._queues,
            "leases": self._leases,
            "holders": self._holders,
            "paused": self._paused,
            "cells": self.cells,
        }
        return {name: len(part) for name, part in parts.items()} | {"ending": len(self._ending)}

    # The moves beneath the verbs.

    def _give_back(self, job: StoredJob, by: Transition, since: int) -> None:
        """Wait again, or be dead, from an instant on."""
        self._displace(job)
        job.phase = apply_transition(job.phase, by)
        job.since = since
        self._void(job)
        self._place(job)

    def _end(self, job: StoredJob, by: Transition, at: int) -> None:
        """End, and stay known for as long as the message asked."""
        self._remove(job, by)
        if job.message.remember:
            entry = (at + job.message.remember, job.seq, job.message.id)
            self._remembered[job.message.id] = entry
            self._forgetting.add(entry)

    def _remove(self, job: StoredJob, by: Transition) -> None:
        """Keep nothing of the job."""
        self._displace(job)
        dead = job.phase is Phase.DEAD
        job.phase = apply_transition(job.phase, by)
        self._void(job)
        if not dead:
            self._free_key(job)
        del self._jobs[job.message.id]

    def _void(self, job: StoredJob) -> None:
        if job.token is not None:
            del self._leases[job.token]
            job.token = None

    def _free_key(self, job: StoredJob) -> None:
        if job.message.key is not None:
            del self._holders[job.message.key]

    def _place(self, job: StoredJob) -> None:
        for line in self._lines(job):
            line.add(job.entry)

    def _displace(self, job: StoredJob) -> None:
        for line in self._lines(job):
            line.remove(job.entry)
        self._tidy(job.message)

    def _lines(self, job: StoredJob) -> list[SortedIndex]:
        queue = self._queues.setdefault(job.message.queue, Queue())
        if job.phase is Phase.DEAD:
            return [queue.dead]
        level = queue.level(job.message.priority)
        match job.phase:
            case Phase.WAITING:
                return [level.waiting]
            case Phase.MARKED:
                return [level.marked, self._ending]
            case _:
                return [level.leased]

    def _tidy(self, message: Message) -> None:
        """Keep no level and no queue that holds nothing."""
        queue = self._queues[message.queue]
        if message.priority in queue.levels and not queue.levels[message.priority]:
            del queue.levels[message.priority]
        if not queue.levels and not queue.dead:
            del self._queues[message.queue]
