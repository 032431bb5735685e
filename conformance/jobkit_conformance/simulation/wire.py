"""How far a client is from its store: requests and replies travel, arrive in their time, or get lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final, TypeVar

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
from jobkit.errors import BackendUnavailable
from jobkit.lifecycle import State
from jobkit_conformance.simulation.history import History
from jobkit_conformance.simulation.loop import SimulatedLoop

T = TypeVar("T")

ARRIVES: Final = "arrives"
LOST: Final = "lost"
DIES: Final = "dies"
"""Whoever sent it, or waits for it, is no more: the process ends at this command."""


class SimulatedWire:
    """The ways between one client and the store. What is lost is told to nobody: whoever waits finds out."""

    def __init__(self, loop: SimulatedLoop, history: History, name: str, *, faulty: bool) -> None:
        self._loop = loop
        self._history = history
        self._name = name
        self._fates = (ARRIVES, LOST, DIES) if faulty else (ARRIVES,)
        self.died: asyncio.Future[None] = loop.create_future()
        """Done when the client is no more; from then on it neither sends nor hears anything."""

    async def travel(self, lane: str, what: str) -> bool:
        """Until this arrives; False when it got lost. What travels on one lane keeps its order."""
        if self._loop.over:
            return False
        fate = ARRIVES
        if not self.died.done():
            fate = await self._loop.send(f"{self._name} {lane}", *self._fates)
        if fate == DIES and not self.died.done():
            self._history.note(self._name, f"dies, with {what} under way")
            self.died.set_result(None)
        if self.died.done():
            self._history.lost += 1
            await self._loop.create_future()
        if fate == LOST:
            self._history.lost += 1
            self._history.note(self._name, f"{what} is lost")
        return fate == ARRIVES


class Distant(Backend):
    """A client whose every call is a request and a reply on a wire; a lost one is `BackendUnavailable`."""

    def __init__(self, backend: Backend, wire: SimulatedWire) -> None:
        self._backend = backend
        self._wire = wire

    @property
    def capabilities(self) -> Capabilities:
        return self._backend.capabilities

    async def enqueue(self, messages: Sequence[Message]) -> list[EnqueueOutcome]:
        return await self._carry("enqueue", lambda: self._backend.enqueue(messages))

    async def reserve(self, queues: Sequence[str], *, limit: int, lease: int, wait: int = 0) -> list[Delivery]:
        call = self._backend.reserve
        return await self._carry("reserve", lambda: call(queues, limit=limit, lease=lease, wait=wait))

    async def settle(self, settlements: Sequence[Settlement]) -> list[SettleOutcome]:
        return await self._carry("settle", lambda: self._backend.settle(settlements))

    async def extend(self, extensions: Sequence[Extension]) -> list[ExtendOutcome]:
        return await self._carry("extend", lambda: self._backend.extend(extensions))

    async def cancel(self, ids: Sequence[str]) -> list[CancelOutcome]:
        return await self._carry("cancel", lambda: self._backend.cancel(ids))

    async def requeue(self, ids: Sequence[str]) -> list[RequeueOutcome]:
        return await self._carry("requeue", lambda: self._backend.requeue(ids))

    async def delete(self, ids: Sequence[str]) -> list[DeleteOutcome]:
        return await self._carry("delete", lambda: self._backend.delete(ids))

    async def get(self, ids: Sequence[str]) -> list[Stored | Unknown]:
        return await self._carry("get", lambda: self._backend.get(ids))

    async def counts(self, queue: str) -> Counts:
        return await self._carry("counts", lambda: self._backend.counts(queue))

    async def queues(self) -> list[str]:
        return await self._carry("queues", self._backend.queues)

    async def peek(self, queue: str, state: State, cursor: str | None = None) -> Page:
        return await self._carry("peek", lambda: self._backend.peek(queue, state, cursor))

    async def close(self) -> None:
        await self._backend.close()

    async def _carry(self, verb: str, call: Callable[[], Coroutine[Any, Any, T]]) -> T:
        if not await self._wire.travel("out", f"the request of {verb}"):
            raise BackendUnavailable("the request was lost")
        answer = await call()
        if not await self._wire.travel("back", f"the reply of {verb}"):
            raise BackendUnavailable("the reply was lost")
        return answer
