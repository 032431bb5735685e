"""The verbs that find jobs by id, or look: first where each job is, then what is to be done with it there.

A script's keys are declared before it runs, and where a job is only its record says. So these verbs look first, and
the script makes sure that it is still the same job; where it is not, they look again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from jobkit.backend import (
    Cancelled,
    CancelOutcome,
    CancelPending,
    Counts,
    Deleted,
    DeleteOutcome,
    KeyTaken,
    Message,
    NotFound,
    Page,
    Requeued,
    RequeueOutcome,
    Stored,
)
from jobkit.backends.redis.codec import SEQ_BYTES, JobRef, unpack_or_damaged
from jobkit.backends.redis.commands import Commands, IndexedSet
from jobkit.backends.redis.keys import PRIORITIES
from jobkit.backends.redis.requests import CALLS, Command, Operation, Word
from jobkit.errors import InvalidArgument
from jobkit.lifecycle import State

PAGE: Final = 100

Level: TypeAlias = tuple[str, int]
"""A queue and a priority."""

Entry: TypeAlias = tuple[int, int, bytes]
"""Where a job stands in a queue's order: level (from 1), score, member."""


class AdminCommands:
    """The verbs of one namespace, beside those that every job goes through."""

    def __init__(self, moves: Commands) -> None:
        self._moves = moves
        self._keys = moves.keys

    def cancel(self, ids: Sequence[str]) -> Operation[list[CancelOutcome]]:
        words: dict[str, CancelOutcome] = {"g": Cancelled(), "m": CancelPending(), "u": NotFound()}
        return [words[word] for word in (yield from self._remove("cancel", ids))]

    def delete(self, ids: Sequence[str]) -> Operation[list[DeleteOutcome]]:
        return [Deleted() if word == "g" else NotFound() for word in (yield from self._remove("delete", ids))]

    def purge(self, queue: str, state: State, limit: int) -> Operation[int]:
        removed = 0
        while removed < limit:
            page = yield from self._entries(queue, state, limit - removed, None)
            if not page:
                break
            words = yield from self._remove(state.value, *_located(queue, state, page))
            removed += words.count("g")
        return removed

    def requeue(self, ids: Sequence[str]) -> Operation[list[RequeueOutcome]]:
        return (yield from self._each(ids, self._requeue, NotFound()))

    def get(self, ids: Sequence[str]) -> Operation[list[Stored | NotFound]]:
        return (yield from self._each(ids, self._look, NotFound()))

    def counts(self, queue: str) -> Operation[Counts]:
        own = self._keys
        keys = [own.meta, own.ending, own.sizes, own.dead(queue), *own.levels(queue)]
        answer, _ = yield from self._moves.run("counts", keys, [queue])
        scheduled, ready, leased, dead, oldest, paused = answer
        return Counts(scheduled, ready, leased, dead, int(oldest) if oldest else None, bool(paused))

    def queues(self) -> Operation[list[str]]:
        own = self._keys
        answer, _ = yield from self._moves.run("queues", [own.meta, own.ending, own.sizes], [])
        names = {level.partition(b":")[2] for level in answer}
        return [name.decode() for name in sorted(names)]

    def peek(self, queue: str, state: State, cursor: str | None) -> Operation[Page]:
        entries = yield from self._entries(queue, state, PAGE + 1, _read_cursor(cursor))
        page = entries[:PAGE]
        ids, places = _located(queue, state, page)
        found = yield from self._each(ids, self._look, NotFound(), places)
        jobs = [job for job in found if isinstance(job, Stored) and job.state is state]
        return Page(jobs, cursor=_write_cursor(page[-1]) if len(entries) > PAGE else None)

    def wipe(self) -> Operation[None]:
        """Remove every key of the namespace."""
        cursor: Word = 0
        while True:
            reply = yield Command(["SCAN", cursor, "MATCH", f"{self._keys.prefix}*", "COUNT", 1000])
            cursor, names = reply.value
            if names:
                yield Command(["UNLINK", *names])
            if int(cursor) == 0:
                return

    # Where jobs are.

    def _records(
        self, ids: Sequence[str], levels: Sequence[Level | None]
    ) -> Operation[list[tuple[Message, JobRef] | None]]:
        """The messages and references of these ids, as far as there are such jobs."""
        if not ids:
            return []
        reply = yield Command(["HMGET", self._keys.jobs, *ids])
        return [_record(id, stored, level) for id, stored, level in zip(ids, reply.value, levels, strict=True)]

    def _each(
        self,
        ids: Sequence[str],
        act: Callable[..., Operation[list[Any]]],
        missing: Any,
        levels: Sequence[Level | None] | None = None,
    ) -> Operation[list[Any]]:
        """Act on the jobs that there are, in order; again on those that were not what they had been.

        An id that comes again in the batch is judged after its first time. ``levels``: where they are, if known.
        """
        outcomes: list[Any] = [missing] * len(ids)
        levels = levels or [None] * len(ids)
        left = list(range(len(ids)))
        while left:
            found = yield from self._records([ids[place] for place in left], [levels[place] for place in left])
            present = [(place, *record) for place, record in zip(left, found, strict=True) if record is not None]
            if not present:
                break
            answers = yield from act([message for _, message, _ in present], [ref for _, _, ref in present])
            left = list[int]()
            for (place, _, _), answer in zip(present, answers, strict=True):
                if answer is None:
                    left.append(place)
                else:
                    outcomes[place] = answer
        return outcomes

    def _entries(self, queue: str, state: State, most: int, after: Entry | None) -> Operation[list[Entry]]:
        """Level, score and member of the jobs in a state, in order, after a place."""
        own = self._keys
        sets = [own.dead(queue), own.dead(queue)] if state is State.DEAD else own.levels(queue)
        level, score, member = after if after is not None else (1, "", b"")
        if level > len(sets) // 2:
            raise InvalidArgument("this cursor is of another queue or state")
        arguments: list[Word] = [state.value, most, level, score, member]
        answer, _ = yield from self._moves.run("peek", [own.meta, own.ending, *sets], arguments)
        return [(answer[at], int(answer[at + 1]), answer[at + 2]) for at in range(0, len(answer), 3)]

    # What is done there.

    def _remove(self, what: str, ids: Sequence[str], levels: Sequence[Level] | None = None) -> Operation[list[str]]:
        def act(messages: list[Message], refs: list[JobRef]) -> Operation[list[str | None]]:
            levels, queues = IndexedSet(), IndexedSet()
            arguments: list[Word] = []
            for ref in refs:
                level, queue = levels.number((ref.queue, ref.priority)), queues.number(ref.queue)
                size = self._keys.size(ref.queue, ref.priority)
                arguments += [str(ref), ref.id, ref.member, level, queue, size, ref.key, ref.remember]
            own = self._keys
            keys = [own.meta, own.ending, own.forgetting, own.jobs, own.state, own.keys, own.sizes, own.reasons]
            keys += [own.checkpoints, CALLS]
            keys += [key for level in levels for key in (own.waiting(*level), own.leased(*level))]
            keys += [own.dead(queue) for queue in queues]
            answer, _ = yield from self._moves.run(
                "remove", keys, [what, len(refs), len(levels), *arguments], marked=True
            )
            return [None if word == "?" else word for word in answer[0].decode()]

        return (yield from self._each(ids, act, "u", levels))

    def _requeue(self, messages: list[Message], refs: list[JobRef]) -> Operation[list[RequeueOutcome | None]]:
        sets, queues = IndexedSet(), IndexedSet()
        arguments: list[Word] = []
        own = self._keys
        for ref in refs:
            waiting, queue = sets.number(own.waiting(ref.queue, ref.priority)), queues.number(ref.queue)
            arguments += [ref.id, ref.member, waiting, queue, ref.key]
        keys = [own.meta, own.ending, own.jobs, own.state, own.keys, own.reasons, CALLS, *sets]
        for name in queues:
            keys += [own.dead(name), own.bell(name)]
        answer, _ = yield from self._moves.run("requeue", keys, [len(refs), len(sets), *arguments], marked=True)
        return [_requeued(word) for word in answer[0].split(b"\n")]

    def _look(self, messages: list[Message], refs: list[JobRef]) -> Operation[list[Stored | None]]:
        levels, queues = IndexedSet(), IndexedSet()
        arguments: list[Word] = []
        for ref in refs:
            level, queue = levels.number((ref.queue, ref.priority)), queues.number(ref.queue)
            arguments += [ref.id, ref.member, level, queue]
        own = self._keys
        keys = [own.meta, own.ending, own.jobs, own.state, own.reasons]
        keys += [key for level in levels for key in (own.waiting(*level), own.leased(*level))]
        keys += [own.dead(queue) for queue in queues]
        answer, _ = yield from self._moves.run("inspect", keys, [len(refs), len(levels), *arguments])
        now = int(answer[0])
        parts = [answer[at : at + 5] for at in range(1, len(answer), 5)]
        return [_seen(message, now, *found) for message, found in zip(messages, parts, strict=True)]


def _record(id: str, stored: bytes | None, level: Level | None) -> tuple[Message, JobRef] | None:
    """What is damaged can be spoken of only by somebody who knows where it is."""
    if stored is None:
        return None
    message = unpack_or_damaged(id, stored, *(level or ("", 0)))
    return (message, JobRef.of(message, stored[:SEQ_BYTES])) if message.queue else None


def _located(queue: str, state: State, entries: list[Entry]) -> tuple[list[str], list[Level]]:
    """The ids of entries, and the levels at which they were found."""
    priorities = [0 if state is State.DEAD else PRIORITIES[level - 1] for level, _, _ in entries]
    return [member[SEQ_BYTES:].decode() for _, _, member in entries], [(queue, priority) for priority in priorities]


def _requeued(word: bytes) -> RequeueOutcome | None:
    match word[:1]:
        case b"R":
            return Requeued()
        case b"U":
            return NotFound()
        case b"H":
            return KeyTaken(by=word[1:].decode())
        case _:
            return None


def _seen(
    message: Message, now: int, stored: bytes, text: bytes, since: bytes, stop: bytes, reason: bytes
) -> Stored | None:
    """A job from what is kept of it; None when it is not the one that was meant."""
    if stored == b"?":
        return None
    attempt, number, marked = text.decode().split(" ")[:3] if text else ("0", "0", "-")
    mark = marked[0]  # flags follow it
    leased = int(stop) if stop else None
    if mark == "x":
        state = State.DEAD
    elif leased is not None:
        state = State.LEASED if leased > now else State.READY
    else:
        state = State.READY if int(since) <= now else State.SCHEDULED
    return Stored(
        message=message,
        state=state,
        since=leased if leased is not None else int(since),
        attempt=int(attempt),
        number=int(number),
        lease_end=leased if state is State.LEASED else None,
        cancelled=mark == "m",
        reason=reason.decode("utf-8", "surrogatepass") if state is State.DEAD else None,
    )


def _write_cursor(entry: Entry) -> str:
    level, score, member = entry
    return f"{level}.{score}.{member.hex()}"


def _read_cursor(cursor: str | None) -> Entry | None:
    if cursor is None:
        return None
    try:
        level, score, member = cursor.split(".")
        found = int(level), int(score), bytes.fromhex(member)
    except ValueError:
        raise InvalidArgument("this cursor is not of this backend's making") from None
    if not 1 <= found[0] <= len(PRIORITIES):
        raise InvalidArgument("this cursor is not of this backend's making")
    return found
