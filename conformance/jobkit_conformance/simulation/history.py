"""What happened in a simulation: every call, when it began, when it was answered, and by what."""

from __future__ import annotations

from collections.abc import Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from jobkit.backend import (
    Backend,
    CancelOutcome,
    Capabilities,
    Counts,
    DeleteOutcome,
    Delivery,
    EnqueueOutcome,
    ExtendOutcome,
    Extension,
    Message,
    Page,
    RequeueOutcome,
    Settlement,
    SettleOutcome,
    Stored,
    Unknown,
)
from jobkit.clock import Clock
from jobkit.lifecycle import State
from jobkit_conformance.answers import check_answer

T = TypeVar("T")


@dataclass(eq=False)
class Call:
    """``begun`` and ``ended`` are places in it, ``from_ms`` and ``to_ms`` instants; an open call has no end."""

    client: str
    verb: str
    items: Sequence[Any]
    stated: dict[str, int]
    begun: int
    from_ms: int
    ended: int | None = None
    to_ms: int | None = None
    answer: Any = None
    error: BaseException | None = None

    @property
    def answered(self) -> bool:
        return self.ended is not None and self.error is None


@dataclass(frozen=True)
class Note:
    """Something else that a reader wants to know, such as a reply that got lost."""

    who: str
    words: str
    at_ms: int


@dataclass
class History:
    """All of it, in the order in which things began."""

    clock: Clock
    calls: list[Call] = field(default_factory=list[Call])
    entries: list[Call | Note] = field(default_factory=list[Call | Note])
    length: int = 0
    calm: int | None = None
    """The place from which on nothing went amiss, and one client looked after what was left."""
    lost: int = 0
    """How many requests and replies got lost."""

    def begin(self, client: str, verb: str, items: Sequence[Any], stated: dict[str, int]) -> Call:
        call = Call(client, verb, tuple(items), stated, self._next(), self.clock.now_ms())
        self.calls.append(call)
        self.entries.append(call)
        return call

    def end(self, call: Call, answer: Any, error: BaseException | None) -> None:
        call.answer, call.error = answer, error
        call.ended, call.to_ms = self._next(), self.clock.now_ms()

    def calm_down(self) -> None:
        """From here on nothing goes amiss; what is open began before, the latest call of all included."""
        self.calm = self._next()

    def note(self, who: str, words: str) -> None:
        self.entries.append(Note(who, words, self.clock.now_ms()))

    def of(self, verb: str) -> Iterator[Call]:
        return (call for call in self.calls if call.verb == verb)

    def _next(self) -> int:
        self.length += 1
        return self.length


class Witness(Backend):
    """Passes each call on, and writes it down: as near to the backend as can be."""

    def __init__(self, backend: Backend, history: History, name: str) -> None:
        self.backend = backend
        self.name = name
        self._history = history

    @property
    def capabilities(self) -> Capabilities:
        return self.backend.capabilities

    async def enqueue(self, messages: Sequence[Message]) -> list[EnqueueOutcome]:
        return await self._do("enqueue", messages, self.backend.enqueue(messages))

    async def reserve(self, queues: Sequence[str], *, limit: int, lease: int, wait: int = 0) -> list[Delivery]:
        call = self.backend.reserve(queues, limit=limit, lease=lease, wait=wait)
        return await self._do("reserve", queues, call, limit=limit, lease=lease, wait=wait)

    async def settle(self, settlements: Sequence[Settlement]) -> list[SettleOutcome]:
        return await self._do("settle", settlements, self.backend.settle(settlements))

    async def extend(self, extensions: Sequence[Extension]) -> list[ExtendOutcome]:
        return await self._do("extend", extensions, self.backend.extend(extensions))

    async def cancel(self, ids: Sequence[str]) -> list[CancelOutcome]:
        return await self._do("cancel", ids, self.backend.cancel(ids))

    async def requeue(self, ids: Sequence[str]) -> list[RequeueOutcome]:
        return await self._do("requeue", ids, self.backend.requeue(ids))

    async def delete(self, ids: Sequence[str]) -> list[DeleteOutcome]:
        return await self._do("delete", ids, self.backend.delete(ids))

    async def get(self, ids: Sequence[str]) -> list[Stored | Unknown]:
        return await self.backend.get(ids)

    async def counts(self, queue: str) -> Counts:
        return await self.backend.counts(queue)

    async def queues(self) -> list[str]:
        return await self.backend.queues()

    async def peek(self, queue: str, state: State, cursor: str | None = None) -> Page:
        return await self.backend.peek(queue, state, cursor)

    async def close(self) -> None:
        await self.backend.close()

    async def _do(self, verb: str, items: Sequence[Any], call: Coroutine[Any, Any, T], **stated: int) -> T:
        written = self._history.begin(self.name, verb, items, stated)
        try:
            answer = await call
            check_answer(verb, items, answer)
        except BaseException as error:
            self._history.end(written, None, error)
            raise
        self._history.end(written, answer, None)
        return answer
