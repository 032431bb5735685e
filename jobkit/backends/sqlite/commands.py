"""Enqueue, reserve, settle, extend: each inside one transaction, which the caller begins and commits."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from msgspec import json

from jobkit.backend import (
    Accepted,
    CancelRequested,
    Conflict,
    Dead,
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
    Release,
    RetryAt,
    Settled,
    Settlement,
    SettleOutcome,
    Stale,
)
from jobkit.backends.sqlite.transaction import DEAD, JOB, LEASED, MARKED, WAITING, JobRow, Transaction

RANKS: Final = range(-9, 1)
"""From the highest priority to the lowest."""


def size_of(messages: Iterable[Message]) -> int:
    """About how many bytes these take in the file, index entries included."""
    return sum(len(message.body) + 600 + 2 * _length(message.headers) for message in messages)


def _length(headers: Mapping[str, str]) -> int:
    return sum(len(name) + len(value) for name, value in headers.items())


def enqueue(step: Transaction, messages: Sequence[Message]) -> list[EnqueueOutcome]:
    for queue in {message.queue for message in messages}:
        if (number := step.queue(queue)) is not None:
            step.advance(number)
    return [_enqueue(step, message) for message in messages]


def _enqueue(step: Transaction, message: Message) -> EnqueueOutcome:
    job = step.find(message.id)
    if job is not None:
        return Duplicate() if _is_same(job.message, message) else Conflict()
    remembered = "SELECT 1 FROM remembered WHERE ns = ? AND id = ? AND until > ?"
    if step.execute(remembered, (step.ns, message.id, step.now)).fetchone():
        return Duplicate()
    if message.key is not None and (holder := step.holder(message.key)) is not None:
        return KeyTaken(by=holder)
    due = max(step.now, step.now + message.after if message.after is not None else message.at or 0)
    _store(step, message, due)
    step.rung.add(message.queue)
    return Accepted(due=due)


def _is_same(stored: Message, message: Message) -> bool:
    """Equal in every field; a mapping of headers equals any other with the same entries."""
    return dict(stored.headers) == dict(message.headers) and _fields(stored) == _fields(message)


def _fields(message: Message) -> tuple[object, ...]:
    times = message.at, message.after, message.remember
    return message.queue, message.body, message.priority, message.key, *times


def _store(step: Transaction, message: Message, since: int) -> None:
    insert = "INSERT INTO jobs (ns, id, queue, rank, phase, since, key, remember) VALUES (?, ?, ?, ?, 0, ?, ?, ?)"
    queue = step.queue_to_fill(message.queue)
    stored = (step.ns, message.id, queue, -message.priority, since, message.key, message.remember)
    seq = step.execute(insert, stored).lastrowid
    payload = (seq, message.at, message.after, json.encode(dict(message.headers)), message.body)
    step.execute("INSERT INTO payloads VALUES (?, ?, ?, ?, ?)", payload)


# Reserve.

_DUE: Final = (
    f"SELECT {JOB} FROM jobs INDEXED BY grantable JOIN queues USING (queue) JOIN payloads USING (seq) "  # noqa: S608
    "WHERE jobs.queue = ? AND rank = ? AND phase < 2 AND since <= ? ORDER BY since, seq LIMIT ?"
)


class NextDue:
    """Whether there is something to grant now, and if not when there will be, if nothing else happens."""

    def __init__(self, *, due: bool, next_due: int | None) -> None:
        self.due = due
        self.next_due = next_due


def next_due(step: Transaction, queues: Iterable[str]) -> NextDue:
    select = "SELECT min(since) FROM jobs INDEXED BY by_phase WHERE queue = ? AND phase = ?"
    numbers = [number for name in queues if (number := step.queue(name)) is not None]
    found = [step.execute(select, (number, phase)).fetchone()[0] for number in numbers for phase in (WAITING, LEASED)]
    first = min((since for since in found if since is not None), default=None)
    due = first is not None and first <= step.now
    return NextDue(due=due, next_due=None if due else first)


def reserve(step: Transaction, queues: Sequence[str], limit: int, lease: int) -> list[Delivery]:
    end = step.now + lease
    granted: list[Delivery] = []
    for name in queues:
        queue = step.queue(name)
        if queue is None:
            continue
        step.advance(queue)
        for rank in RANKS:
            if len(granted) == limit:
                return granted
            rows = step.execute(_DUE, (queue, rank, step.now, limit - len(granted))).fetchall()
            granted += [_grant(step, JobRow(row), end) for row in rows]
    return granted


def _grant(step: Transaction, job: JobRow, end: int) -> Delivery:
    number, attempt = job.number + 1, job.attempt + (0 if job.released else 1)
    nonce = secrets.token_hex(16)
    update = "UPDATE jobs SET phase = 1, since = ?, number = ?, attempt = ?, released = 0, nonce = ? WHERE seq = ?"
    step.execute(update, (end, number, attempt, nonce, job.seq))
    return Delivery(job.message, number, attempt, f"{job.seq}.{nonce}", end, job.checkpoint)


# Settle and extend.


class LeaseRow:
    """What a token with a say is about."""

    __slots__ = ("id", "phase", "queue", "remember", "seq", "since")

    def __init__(self, row: Sequence[Any]) -> None:
        self.seq: int
        self.id: str
        self.phase: int
        self.since: int
        self.seq, self.id, self.queue, self.phase, self.since, self.remember = row


def _lease(step: Transaction, token: str) -> LeaseRow | None:
    """None for a stale token: not the job's latest, settled, of a job that is over, or nobody's."""
    seq, _, nonce = token.partition(".")
    if not (seq.isascii() and seq.isdigit() and len(seq) < 19 and nonce.isascii()):
        return None
    select = (
        "SELECT seq, id, queues.name, phase, since, remember FROM jobs JOIN queues USING (queue) "
        "WHERE seq = ? AND jobs.ns = ? AND nonce = ?"
    )
    row = step.execute(select, (int(seq), step.ns, nonce)).fetchone()
    lease = None if row is None else LeaseRow(row)
    return None if lease is None or step.is_over(lease.phase, lease.since) else lease


def settle(step: Transaction, settlements: Iterable[Settlement]) -> list[SettleOutcome]:
    return [_settle(step, _lease(step, settlement.token), settlement) for settlement in settlements]


def _settle(step: Transaction, lease: LeaseRow | None, settlement: Settlement) -> SettleOutcome:
    if lease is None:
        return Stale()
    if isinstance(settlement, Done) or lease.phase == MARKED:
        step.end(lease.seq, lease.id, lease.remember, step.now)
        return Settled()
    changes: Mapping[str, object]
    match settlement:
        case RetryAt(at=at, after=after):
            since = max(step.now, step.now + after if after is not None else at or 0)
            changes = {"phase": WAITING, "since": since, "released": 0}
        case Release():
            changes = {"phase": WAITING, "since": step.now, "released": 1}
        case Dead(reason=reason):
            kept = reason.encode("utf-8", "surrogatepass")
            changes = {"phase": DEAD, "since": step.now, "released": 0, "reason": kept, "checkpoint": None}
    _change(step, lease.seq, {**changes, "nonce": None})
    step.rung.add(lease.queue)
    return Settled()


def extend(step: Transaction, extensions: Iterable[Extension]) -> list[ExtendOutcome]:
    return [_extend(step, _lease(step, extension.token), extension) for extension in extensions]


def _extend(step: Transaction, lease: LeaseRow | None, extension: Extension) -> ExtendOutcome:
    if lease is None:
        return Stale()
    if lease.since <= step.now:
        return LeaseExpired()
    end = step.now + extension.lease
    checkpoint = {} if extension.checkpoint is None else {"checkpoint": extension.checkpoint}
    _change(step, lease.seq, {"since": end, **checkpoint})
    step.rung.add(lease.queue)
    return CancelRequested(end=end) if lease.phase == MARKED else Extended(end=end)


def _change(step: Transaction, seq: int, values: Mapping[str, object]) -> None:
    columns = ", ".join(f"{column} = ?" for column in values)
    step.execute(f"UPDATE jobs SET {columns} WHERE seq = ?", (*values.values(), seq))  # noqa: S608 - names from above
