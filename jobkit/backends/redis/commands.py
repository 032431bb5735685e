"""Every verb as steps: which script, with which keys and arguments, and what its answer means. No input, no output.

A verb is a generator: it yields commands, is sent their replies, and returns the outcomes. So the client that
awaits and the client that blocks run the same verbs.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any

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
    Indeterminate,
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
from jobkit.backends.redis.codec import SEQ_BYTES, JobRef, pack, read_ref, read_token, token, unpack_or_damaged
from jobkit.backends.redis.keys import PRIORITIES, Keys
from jobkit.backends.redis.requests import CALLS, Operation, Reply, ScriptCall, Word
from jobkit.backends.redis.scripts import Script, script
from jobkit.backends.redis.settings import MAX_BATCH_BYTES


class ReserveResult:
    """What a reserve took; or when there will be something, on the backend's clock."""

    def __init__(
        self, deliveries: list[Delivery], now: int, next_due: int | None, *, acknowledged: bool = True
    ) -> None:
        self.acknowledged = acknowledged
        self.deliveries = deliveries
        self.now = now
        self.next_due = next_due


class Commands:
    """The verbs of one namespace. ``mode``: whose clock the scripts go by (see ``prelude.lua``). ``find``: by name."""

    def __init__(self, keys: Keys, mode: Callable[[], str], find: Callable[[str], Script] = script) -> None:
        self.keys = keys
        self._mode = mode
        self._find = find

    def run(
        self,
        name: str,
        keys: Sequence[str],
        arguments: Sequence[Word],
        *,
        marked: bool = False,
        unsure: bool = False,
        once: bool = False,
    ) -> Operation[tuple[list[Any], Reply]]:
        """Run a script until nothing that is over stands in its way; its answer, and how that came."""
        while True:
            reply = yield ScriptCall(self._find(name), keys, self._mode(), arguments, marked, unsure, once)
            if reply.value[0] == b"done":
                return reply.value[1:], reply
            yield from self._clear_away(reply.value[1])

    def _clear_away(self, texts: Iterable[bytes]) -> Operation[None]:
        """End the cancelled jobs whose leases have ended."""
        refs = [(text, ref) for text in texts if (ref := read_ref(text.decode())) is not None]
        levels = IndexedSet()
        arguments: list[Word] = []
        for text, ref in refs:
            level = levels.number(self.keys.leased(ref.queue, ref.priority))
            size = self.keys.size(ref.queue, ref.priority)
            arguments += [text, ref.id, ref.member, level, size, ref.key, ref.remember]
        own = self.keys
        fixed = [own.meta, own.ending, own.forgetting, own.jobs, own.state, own.keys, own.sizes, own.checkpoints]
        yield ScriptCall(self._find("expire_cancelled"), [*fixed, *levels], self._mode(), [len(refs), *arguments])

    # Enqueue.

    def enqueue(self, messages: Sequence[Message]) -> Operation[list[EnqueueOutcome]]:
        if not messages:
            return []
        levels, bells = IndexedSet(), IndexedSet()
        items: list[Word] = []
        for message in messages:
            level = levels.number((message.queue, message.priority))
            due, key = _due(message.at, message.after), message.key or ""
            items += [message.id, pack(message), *([-level, due, key] if due or key else [level])]
        own = self.keys
        fixed = [own.meta, own.ending, own.forgetting, own.jobs, own.keys, own.sizes, CALLS]
        sets = [own.waiting(*level) for level in levels]
        named: list[Word] = []
        for queue, priority in levels:
            named += [bells.number(own.bell(queue)), own.size(queue, priority)]
        answer, _ = yield from self.run(
            "enqueue", [*fixed, *sets, *bells], [len(messages), len(levels), *named, *items], marked=True
        )
        return [_enqueued(word) for word in answer[0].split(b"\n")]

    # Reserve.

    def reserve(self, queues: Sequence[str], limit: int, lease: int) -> Operation[ReserveResult]:
        secret = os.urandom(12).hex()
        own = self.keys
        names = [own.meta, own.ending, own.forgetting, own.jobs, own.state, own.sizes, own.checkpoints]
        for queue in queues:
            names.append(own.bell(queue))
            names += own.levels(queue)
        arguments: list[Word] = [limit, MAX_BATCH_BYTES, lease, secret, len(PRIORITIES), *queues]
        answer, reply = yield from self.run("reserve", names, arguments, unsure=True, once=True)
        now, end = int(answer[0]), int(answer[1])
        if len(answer) == 3:
            return ReserveResult([], now, int(answer[2]) if answer[2] else None)
        checkpoints: dict[int, bytes] = dict(zip(answer[2][::2], answer[2][1::2], strict=True))
        deliveries: list[Delivery] = []
        level: int
        for at in range(3, len(answer), 5):
            member, stored, number, attempt, level = answer[at : at + 5]
            queue, priority = queues[level // len(PRIORITIES)], PRIORITIES[level % len(PRIORITIES)]
            message = unpack_or_damaged(member[SEQ_BYTES:].decode(), stored, queue, priority)
            place = len(deliveries) + 1
            issued = token(f"{secret}{place:x}", JobRef.of(message, member[:SEQ_BYTES]))
            deliveries.append(Delivery(message, number, attempt, issued, end, checkpoints.get(place)))
        return ReserveResult(deliveries, now, None, acknowledged=reply.acknowledged)

    # Settle and extend.

    def settle(self, settlements: Sequence[Settlement]) -> Operation[list[SettleOutcome]]:
        levels, queues = IndexedSet(), IndexedSet()
        asked: list[int] = []
        items: list[Word] = []
        for place, settlement in enumerate(settlements):
            if (found := read_token(settlement.token)) is None:
                continue
            ref = found[2]
            how, extra = _how(settlement)
            level = levels.number((ref.queue, ref.priority))
            asked.append(place)
            items += [how, settlement.token, ref.member]
            items += [-level, extra, ref.key, ref.remember] if extra or ref.key or ref.remember else [level]
        outcomes: list[SettleOutcome] = [Stale() for _ in settlements]
        if not asked:
            return outcomes
        own = self.keys
        fixed = [own.meta, own.ending, own.forgetting, own.jobs, own.state, own.keys, own.sizes, own.reasons]
        names, named = [*fixed, own.checkpoints, *self._sets(levels)], list[Word]()
        for queue, priority in levels:
            named += [queues.number(queue), own.size(queue, priority)]
        for queue in queues:
            names += [own.dead(queue), own.bell(queue)]
        answer, reply = yield from self.run("settle", names, [len(asked), len(levels), *named, *items], unsure=True)
        for place, word in zip(asked, answer, strict=True):
            if word == b"1":  # for good only if the replicas have it: a failover would bring the job back
                outcomes[place] = Settled() if reply.acknowledged else Indeterminate()
            else:  # after a repeat nobody can tell whether it is stale because of the first time
                outcomes[place] = Indeterminate() if reply.repeated else Stale()
        return outcomes

    def extend(self, extensions: Sequence[Extension]) -> Operation[list[ExtendOutcome]]:
        levels = IndexedSet()
        asked: list[int] = []
        arguments: list[Word] = []
        for place, extension in enumerate(extensions):
            if (found := read_token(extension.token)) is None:
                continue
            secret, written, ref = found
            level = levels.number(self.keys.leased(ref.queue, ref.priority))
            asked.append(place)
            checkpoint = b"" if extension.checkpoint is None else b"c" + extension.checkpoint
            arguments += [secret, written, ref.id, ref.member, level, extension.lease, checkpoint]
        outcomes: list[ExtendOutcome] = [Stale() for _ in extensions]
        if not asked:
            return outcomes
        own = self.keys
        names = [own.meta, own.ending, own.state, own.checkpoints, *levels]
        answer, _ = yield from self.run("extend", names, [len(asked), *arguments])
        for place, word in zip(asked, answer, strict=True):
            outcomes[place] = _extended(word)
        return outcomes

    def _sets(self, levels: Iterable[tuple[str, int]]) -> list[str]:
        """Waiting and leased of each level."""
        own = self.keys
        return [key for level in levels for key in (own.waiting(*level), own.leased(*level))]


class IndexedSet(dict[Any, int]):
    """Things by the number under which the arguments speak of them, from 1 on."""

    def number(self, thing: Any) -> int:
        return self.setdefault(thing, len(self) + 1)


def _due(at: int | None, after: int | None) -> str:
    return f"a{at}" if at is not None else f"d{after}" if after is not None else ""


def _how(settlement: Settlement) -> tuple[str, Word]:
    match settlement:
        case Done():
            return "done", ""
        case RetryAt(at=at, after=after):
            return "retry", _due(at, after)
        case Release():
            return "release", ""
        case Dead(reason=reason):
            return "dead", reason.encode("utf-8", "surrogatepass")


def _enqueued(word: bytes) -> EnqueueOutcome:
    match word[:1]:
        case b"A":
            return Accepted(due=int(word[1:]))
        case b"K":
            return Duplicate()
        case b"C":
            return Conflict()
        case _:
            return KeyTaken(by=word[1:].decode())


def _extended(word: bytes) -> ExtendOutcome:
    match word[:1]:
        case b"E":
            return Extended(end=int(word[1:]))
        case b"C":
            return CancelRequested(end=int(word[1:]))
        case b".":
            return LeaseExpired()
        case _:
            return Stale()
