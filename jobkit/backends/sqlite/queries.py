"""What a queue looks like from outside, and removing what is seen there: counts, queues, peek, purge."""

from __future__ import annotations

import re
from collections.abc import Iterator
from heapq import merge
from typing import Final

from jobkit.backend import Counts, Page
from jobkit.backends.sqlite.admin_commands import shown
from jobkit.backends.sqlite.commands import RANKS
from jobkit.backends.sqlite.transaction import DEAD, JOB, LEASED, MARKED, WAITING, JobRow, Transaction
from jobkit.errors import InvalidArgument
from jobkit.lifecycle import State

PAGE: Final = 100
"""Jobs that one peek shows."""

NO_RANK: Final = 1
"""After every rank that there is."""

_CURSOR: Final = re.compile(r"(\d{1,16})\.(\d{1,2})\.(\d{1,18})", re.ASCII)

_OVER: Final = "SELECT count(*) FROM jobs WHERE jobs.queue = queues.queue AND phase = 2 AND since <= :now"
"""How many of a queue are over by themselves and not cleared away yet."""


def counts(step: Transaction, queue: str) -> Counts:
    between = "SELECT count(*) FROM jobs WHERE jobs.queue = queues.queue AND since > frontier AND since <= :now"
    row = step.execute(
        f"SELECT queue, paused, waiting, held, dead, due + ({between} AND phase = 0), "  # noqa: S608 - no input in it
        f"over + ({between} AND phase = 1) + ({between} AND phase = 2), ({_OVER}) "
        "FROM queues WHERE ns = :ns AND name = :name",
        {"now": step.now, "ns": step.ns, "name": queue},
    ).fetchone()
    if row is None:
        return Counts()
    number, paused, waiting, held, dead, due, over, ended = row
    ready = due + over - ended
    oldest = _oldest(step, number) if ready else None
    return Counts(
        scheduled=waiting - due,
        ready=ready,
        leased=held - over,
        dead=dead,
        oldest_ready=oldest,
        paused=bool(paused),
    )


def _oldest(step: Transaction, queue: int) -> int:
    select = "SELECT min(since) FROM jobs INDEXED BY by_phase WHERE queue = ? AND phase = ?"
    found: list[int | None] = [step.execute(select, (queue, phase)).fetchone()[0] for phase in (WAITING, LEASED)]
    return min(since for since in found if since is not None)


def queues(step: Transaction) -> list[str]:
    """Sorted by their bytes, as SQLite compares text."""
    select = f"SELECT name FROM queues WHERE ns = :ns AND waiting + held + dead > ({_OVER}) ORDER BY name"  # noqa: S608
    return [name for (name,) in step.execute(select, {"now": step.now, "ns": step.ns})]


# Peek.


def read_cursor(cursor: str | None) -> tuple[int, int, int]:
    """After which *since*, priority and sequence to go on; `InvalidArgument` for what no peek has answered."""
    if cursor is None:
        return -1, 10, 0
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise InvalidArgument("a cursor is what an earlier peek of this queue and state answered")
    since, priority, seq = map(int, found.groups())
    return since, priority, seq


def peek(step: Transaction, queue: str, state: State, after: tuple[int, int, int]) -> Page:
    """A page of those after a place, in the order in which they are granted, fall due, run out, or died."""
    row = step.execute("SELECT queue FROM queues WHERE ns = ? AND name = ?", (step.ns, queue)).fetchone()
    if row is None:
        return Page(jobs=[])
    found = _ready(step, row[0], after) if state is State.READY else _others(step, row[0], state, after)
    jobs = [job for job, _ in zip(found, range(PAGE + 1), strict=False)]
    last = jobs[PAGE - 1] if len(jobs) > PAGE else None
    cursor = None if last is None else f"{last.since}.{-last.rank}.{last.seq}"
    return Page(jobs=[shown(job, step.now) for job in jobs[:PAGE]], cursor=cursor)


def _ready(step: Transaction, queue: int, after: tuple[int, int, int]) -> Iterator[JobRow]:
    select = (
        f"SELECT {JOB} FROM jobs INDEXED BY grantable JOIN queues USING (queue) JOIN payloads USING (seq) "  # noqa: S608
        "WHERE jobs.queue = ? AND rank = ? AND phase < 2 AND since <= ? AND (since, seq) > (?, ?) "
        "ORDER BY since, seq LIMIT ?"
    )
    since, priority, seq = after
    for rank in RANKS:
        if rank >= -priority:
            begin = (since, seq) if rank == -priority else (-1, 0)
            yield from map(JobRow, step.execute(select, (queue, rank, step.now, *begin, PAGE + 1)))


def _others(step: Transaction, queue: int, state: State, after: tuple[int, int, int]) -> Iterator[JobRow]:
    phases = {State.SCHEDULED: (WAITING,), State.LEASED: (LEASED, MARKED), State.DEAD: (DEAD,)}[state]
    since, priority, seq = after
    select = (
        f"SELECT {JOB} FROM jobs INDEXED BY by_phase JOIN queues USING (queue) JOIN payloads USING (seq) "  # noqa: S608
        "WHERE jobs.queue = ? AND phase = ? AND (since, rank, seq) > (?, ?, ?) ORDER BY since, rank, seq LIMIT ?"
    )
    begin = max((since, -priority, seq), (-1 if state is State.DEAD else step.now, NO_RANK, 0))
    lines = (map(JobRow, step.execute(select, (queue, phase, *begin, PAGE + 1))) for phase in phases)
    return merge(*lines, key=lambda job: (job.since, job.rank, job.seq))


# Purge.


def purge(step: Transaction, queue: str, state: State, limit: int) -> int:
    row = step.execute("SELECT queue FROM queues WHERE ns = ? AND name = ?", (step.ns, queue)).fetchone()
    if row is None:
        return 0
    phases, at = {
        State.SCHEDULED: ((WAITING,), "since > ?"),
        State.READY: ((WAITING, LEASED), "since <= ?"),
        State.DEAD: ((DEAD,), "? >= 0"),
    }[state]
    removed = 0
    for phase in phases:
        select = f"SELECT seq FROM jobs WHERE queue = ? AND phase = ? AND {at} ORDER BY since, rank, seq LIMIT ?"  # noqa: S608
        found = step.execute(select, (row[0], phase, step.now, limit - removed)).fetchall()
        step.executemany("DELETE FROM jobs WHERE seq = ?", found)
        removed += len(found)
    return removed
