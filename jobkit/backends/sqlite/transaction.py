"""One step: a transaction of one verb in one namespace, at one instant."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any, Final

from msgspec import json

from jobkit.backend import Message
from jobkit.lifecycle import Phase

PHASES: Final = (Phase.WAITING, Phase.LEASED, Phase.MARKED, Phase.DEAD)
"""By the number that stands in the table."""
WAITING, LEASED, MARKED, DEAD = range(4)

JOB: Final = (
    "jobs.seq, jobs.id, queues.name, jobs.rank, jobs.phase, jobs.since, jobs.number, jobs.attempt, jobs.released, "
    "jobs.key, jobs.remember, jobs.checkpoint, jobs.reason, payloads.at, payloads.after, payloads.headers, "
    "payloads.body"
)
"""The columns of a `Job`, in its order."""
WHOLE: Final = "jobs JOIN queues USING (queue) JOIN payloads USING (seq)"

_headers = json.Decoder(dict[str, str])


class JobRow:
    """A row of ``jobs``, whole: what is kept of one job."""

    __slots__ = (
        *("after", "at", "attempt", "body", "checkpoint", "headers", "id", "key", "number", "phase", "queue"),
        *("rank", "reason", "released", "remember", "seq", "since"),
    )

    def __init__(self, row: Sequence[Any]) -> None:
        self.seq: int
        self.id: str
        self.queue: str
        self.phase: int
        self.since: int
        self.number: int
        self.attempt: int
        self.released: int
        self.checkpoint: bytes | None
        self.reason: bytes | None
        (self.seq, self.id, self.queue, self.rank, self.phase, self.since, self.number, self.attempt) = row[:8]
        (self.released, self.key, self.remember, self.checkpoint, self.reason) = row[8:13]
        (self.at, self.after, self.headers, self.body) = row[13:]

    @property
    def message(self) -> Message:
        return Message(
            id=self.id,
            queue=self.queue,
            body=self.body,
            priority=-self.rank,
            at=self.at,
            after=self.after,
            key=self.key,
            remember=self.remember,
            headers=_headers.decode(self.headers),
        )

    @property
    def why_dead(self) -> str | None:
        return None if self.reason is None else self.reason.decode("utf-8", "surrogatepass")


class Transaction:
    """What verbs work with: rows of one namespace, and ``now``, which never runs backwards in it.

    ``rung``: the queues of which something may be granted because of this step, now or later.
    """

    def __init__(self, connection: sqlite3.Connection, namespace: str, wall: int, slice: int, *, writes: bool) -> None:
        self.execute = connection.execute
        self.executemany = connection.executemany
        self.rung: set[str] = set()
        self._slice = slice
        self._writes = writes
        found = self.execute("SELECT ns, clock FROM namespaces WHERE name = ?", (namespace,)).fetchone()
        if found is None and writes:
            insert = "INSERT INTO namespaces (name, clock) VALUES (?, ?) RETURNING ns, clock"
            found = self.execute(insert, (namespace, wall)).fetchone()
        self.ns: int
        self.ns, clock = found or (0, 0)
        self.now: int = max(wall, clock)
        if writes:
            if self.now > clock:
                self.execute("UPDATE namespaces SET clock = ? WHERE ns = ?", (self.now, self.ns))
            self._clear()

    # What is over by itself.

    def litter(self) -> bool:
        """Whether something is over that nobody has cleared away yet."""
        ended = "SELECT 1 FROM jobs WHERE ns = ? AND phase = 2 AND since <= ? LIMIT 1"
        forgotten = "SELECT 1 FROM remembered WHERE ns = ? AND until <= ? LIMIT 1"
        return any(self.execute(each, (self.ns, self.now)).fetchone() for each in (ended, forgotten))

    def _clear(self) -> None:
        """A slice of it: nothing leans on all of it being gone, who meets the rest passes it over."""
        ended = "SELECT seq, id, remember, since FROM jobs WHERE ns = ? AND phase = 2 AND since <= ? LIMIT ?"
        for seq, id, remember, since in self.execute(ended, (self.ns, self.now, self._slice)).fetchall():
            self.end(seq, id, remember, since)
        old = "SELECT rowid FROM remembered WHERE ns = ? AND until <= ? LIMIT ?"
        self.execute(f"DELETE FROM remembered WHERE rowid IN ({old})", (self.ns, self.now, self._slice))  # noqa: S608

    def is_over(self, phase: int, since: int) -> bool:
        """Whether it was cancelled and its lease has run out: then there is no such job any more."""
        return phase == MARKED and since <= self.now

    # Jobs.

    def find(self, id: str) -> JobRow | None:
        row = self.execute(f"SELECT {JOB} FROM {WHOLE} WHERE jobs.ns = ? AND id = ?", (self.ns, id)).fetchone()  # noqa: S608
        job = None if row is None else JobRow(row)
        if job is None or not self.is_over(job.phase, job.since):
            return job
        if self._writes:
            self.end(job.seq, job.id, job.remember, job.since)
        return None

    def holder(self, key: str) -> str | None:
        """The id of the live job that has this key."""
        select = "SELECT seq, id, remember, phase, since FROM jobs WHERE ns = ? AND key = ? AND phase < 3"
        row = self.execute(select, (self.ns, key)).fetchone()
        if row is None:
            return None
        seq, id, remember, phase, since = row
        if self.is_over(phase, since):
            self.end(seq, id, remember, since)
            return None
        return str(id)

    def end(self, seq: int, id: str, remember: int | None, at: int) -> None:
        """A job ended at this instant: all of it goes, and its id is remembered for as long as was asked."""
        self.drop(seq)
        if remember is not None and at + remember > self.now:
            self.execute("INSERT OR REPLACE INTO remembered VALUES (?, ?, ?)", (self.ns, id, at + remember))

    def drop(self, seq: int) -> None:
        """All of a job goes at once, with its queue if that was the last."""
        self.execute("DELETE FROM jobs WHERE seq = ?", (seq,))

    # Queues.

    def queue(self, name: str) -> int | None:
        """The number of a queue that holds jobs and is not paused."""
        select = "SELECT queue FROM queues WHERE ns = ? AND name = ? AND paused = 0"
        row = self.execute(select, (self.ns, name)).fetchone()
        return None if row is None else row[0]

    def queue_to_fill(self, name: str) -> int:
        """The number of a queue, which there is from now on."""
        number: int
        row = self.execute("SELECT queue FROM queues WHERE ns = ? AND name = ?", (self.ns, name)).fetchone()
        if row is None:
            insert = "INSERT INTO queues (ns, name, frontier) VALUES (?, ?, ?) RETURNING queue"
            row = self.execute(insert, (self.ns, name, self.now)).fetchone()
        (number,) = row
        return number

    def advance(self, queue: int) -> None:
        """Let the counts that depend on the clock be those of now. Every job crosses the frontier once."""
        between = "SELECT count(*) FROM jobs WHERE jobs.queue = queues.queue AND since > frontier AND since <= :now"
        self.execute(
            f"UPDATE queues SET due = due + ({between} AND phase = 0), "  # noqa: S608 - no input in it
            f"over = over + ({between} AND phase = 1) + ({between} AND phase = 2), "
            "frontier = :now WHERE queue = :queue AND frontier < :now",
            {"now": self.now, "queue": queue},
        )
