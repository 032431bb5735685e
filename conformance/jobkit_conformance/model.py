"""The simplest queue that is right: what a backend has to answer. Shares no code with any backend.

Time here is how far the clock was moved. Everything is a plain dictionary and is looked through from end to end.
"""

from __future__ import annotations

from dataclasses import dataclass

from jobkit.backend import Message


@dataclass
class Kept:
    """What the model knows of a job. ``phase``: waiting, leased, marked, dead. ``why``: what made it wait last."""

    message: Message
    seq: int
    since: int
    phase: str = "waiting"
    why: str = "enqueue"
    number: int = 0
    attempt: int = 0
    released: bool = False
    token: str = ""
    end: int = 0
    reason: str = ""
    checkpoint: bytes | None = None


class Model:
    def __init__(self) -> None:
        self.now = 0
        self.jobs: dict[str, Kept] = {}
        self.gone: dict[str, str] = {}
        """How each id ended last: done, cancelled, deleted, or marked when a cancelled lease ran out."""
        self.tokens: dict[str, str] = {}
        self.remembered: dict[str, int] = {}
        self.paused: set[str] = set()
        self.resumed: set[str] = set()
        """Queues that were paused once, and granted nothing since they were resumed."""
        self.cut_short: set[str] = set()
        """Ids of jobs that ended, and had a checkpoint."""
        self.cells: dict[str, list[tuple[bytes, int]]] = {}
        """What each cell was set to, and the version that it got."""
        self._seq = 0

    def advance(self, milliseconds: int) -> None:
        self.now += milliseconds
        for id, job in list(self.jobs.items()):
            if job.phase == "marked" and job.end <= self.now:
                self._end(id, "marked", job.end)
        self.remembered = {id: until for id, until in self.remembered.items() if until > self.now}

    def enqueue(self, message: Message) -> str:
        """``accepted``, ``duplicate``, ``conflict``, or ``key_taken:`` and by whom."""
        if message.id in self.jobs:
            return "duplicate" if self.jobs[message.id].message == message else "conflict"
        if message.id in self.remembered:
            return "duplicate"
        holder = self.holder(message.key)
        if holder is not None:
            return f"key_taken:{holder}"
        due = message.at if message.at is not None else self.now + (message.after or 0)
        self._seq += 1
        why = "delay" if due > self.now else "enqueue"
        self.jobs[message.id] = Kept(message, self._seq, max(due, self.now), why=why)
        return "accepted"

    def holder(self, key: str | None) -> str | None:
        for id, job in self.jobs.items():
            if key is not None and job.message.key == key and job.phase != "dead":
                return id
        return None

    def state(self, id: str) -> str | None:
        """``scheduled``, ``ready``, ``leased``, ``dead``, or None."""
        job = self.jobs.get(id)
        if job is None:
            return None
        if job.phase == "dead":
            return "dead"
        if job.phase in ("leased", "marked") and job.end > self.now:
            return "leased"
        return "ready" if self.since(job) <= self.now else "scheduled"

    def since(self, job: Kept) -> int:
        return job.end if job.phase == "leased" else job.since

    def pause(self, queue: str) -> None:
        self.paused.add(queue)
        self.resumed.discard(queue)

    def resume(self, queue: str) -> None:
        if queue in self.paused:
            self.paused.remove(queue)
            self.resumed.add(queue)

    def ready(self, queue: str) -> list[Kept]:
        """Those that a reserve may be granted."""
        if queue in self.paused:
            return []
        return [job for id, job in self.jobs.items() if job.message.queue == queue and self.state(id) == "ready"]

    def grant(self, id: str, token: str, lease: int) -> Kept:
        job = self.jobs[id]
        if job.phase == "leased":
            job.why = "lease"
        job.phase, job.end, job.token = "leased", self.now + lease, token
        job.number += 1
        job.attempt += 0 if job.released else 1
        job.released = False
        self.tokens[token] = id
        self.resumed.discard(job.message.queue)
        return job

    def holds(self, token: str) -> Kept | None:
        """The job that this token is the latest of, unsettled."""
        job = self.jobs.get(self.tokens.get(token, ""))
        return job if job is not None and job.token == token else None

    def settle(self, token: str, how: str, after: int = 0, reason: str = "") -> bool:
        """Whether the token still had a say."""
        job = self.holds(token)
        if job is None:
            return False
        id = job.message.id
        if how == "done":
            self._end(id, "done", self.now)
        elif job.phase == "marked":
            self._end(id, "cancelled", self.now)
        else:
            job.token = ""
            job.phase = "dead" if how == "dead" else "waiting"
            job.why, job.since = how, self.now + after
            job.released = how == "release"
            job.reason = reason
            if how == "dead":
                self._end_checkpoint(job)
        return True

    def extend(self, token: str, lease: int, checkpoint: bytes | None = None) -> str:
        """``extended``, ``cancel_requested``, ``lease_expired`` or ``stale``."""
        job = self.holds(token)
        if job is None:
            return "stale"
        if job.end <= self.now:
            return "lease_expired"
        job.end = self.now + lease
        if checkpoint is not None:
            job.checkpoint = checkpoint
        return "cancel_requested" if job.phase == "marked" else "extended"

    def cancel(self, id: str) -> str:
        """``cancelled``, ``cancel_pending`` or ``not_found``."""
        state = self.state(id)
        if state in (None, "dead"):
            return "not_found"
        if state == "leased":
            self.jobs[id].phase = "marked"
            return "cancel_pending"
        self._end(id, "cancelled", self.now)
        return "cancelled"

    def requeue(self, id: str) -> str:
        """``requeued``, ``key_taken:`` and by whom, or ``not_found``."""
        job = self.jobs.get(id)
        if job is None or job.phase != "dead":
            return "not_found"
        holder = self.holder(job.message.key)
        if holder is not None:
            return f"key_taken:{holder}"
        job.phase, job.why, job.since, job.attempt, job.reason = "waiting", "requeue", self.now, 0, ""
        return "requeued"

    def delete(self, id: str) -> str:
        job = self.jobs.pop(id, None)
        if job is None:
            return "not_found"
        self._end_checkpoint(job)
        self.gone[id] = "deleted"
        return "deleted"

    def version(self, cell: str, behind: int = 0) -> int:
        """The version of a cell, or the one that it had so many sets ago; 0 when it was not set yet."""
        versions = [0, *(version for _, version in self.cells.get(cell, []))]
        return versions[max(len(versions) - 1 - behind, 0)]

    def write(self, cell: str, value: bytes, version: int) -> None:
        self.cells.setdefault(cell, []).append((value, version))

    def _end_checkpoint(self, job: Kept) -> None:
        if job.checkpoint is not None:
            self.cut_short.add(job.message.id)
        job.checkpoint = None

    def _end(self, id: str, how: str, at: int) -> None:
        job = self.jobs.pop(id)
        self._end_checkpoint(job)
        self.gone[id] = how
        if job.message.remember:
            self.remembered[id] = at + job.message.remember
