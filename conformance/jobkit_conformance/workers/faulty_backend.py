"""What a worker has of the store: a client that the kit can cut off, hold up, or leave for dead."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from jobkit.backend import (
    Backend,
    CancelOutcome,
    CancelRequested,
    Capabilities,
    Delivery,
    Done,
    EnqueueOutcome,
    Extended,
    ExtendOutcome,
    Extension,
    Message,
    Release,
    RetryAt,
    Settlement,
    SettleOutcome,
    Stale,
)
from jobkit.errors import BackendUnavailable
from jobkit_conformance.answers import MalformedAnswer, check_answer
from jobkit_conformance.env import Env
from jobkit_conformance.operation_records import kind_of
from jobkit_conformance.transport.proxy import Proxy

T = TypeVar("T")


@dataclass
class FaultControls:
    """What the kit does to all the clients of one worker.

    ``gone``: the worker was killed, as far as the store can tell. ``cut``: these verbs fail. ``odd``: these raise what
    no verb may raise. ``dies_at``: the number of the call with which it is gone; ``replies``: once that call had its
    effect. ``held``: reserves that granted something answer only when this is set. ``proxy``: its way to the store.
    """

    killed: bool = False
    cut: frozenset[str] = frozenset()
    raises_unexpected: frozenset[str] = frozenset()
    kill_at_call: int = 0
    replies: bool = False
    held: threading.Event | None = None
    proxy: Proxy | None = None
    calls: list[tuple[str, float]] = field(default_factory=list[tuple[str, float]])
    sent: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    """The verb of each call, and how many commands had passed the proxy before it."""
    reserves: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    """The limit of each reserve, and how many jobs were running when it was sent."""
    settlements: list[tuple[Settlement, float]] = field(default_factory=list[tuple[Settlement, float]])
    running: int = 0
    granted: set[tuple[str, int]] = field(default_factory=set[tuple[str, int]])
    """Ids and attempts."""
    unreadable: MalformedAnswer | None = None
    """What the store answered that is no answer: a worker lives on, and the store is to blame all the same."""

    def cut_off(self) -> None:
        """Let every verb fail."""
        self.cut = frozenset({"reserve", "settle", "extend", "enqueue", "cancel"})


class FaultInjectingBackend(Backend):
    """Opens a client of the harness inside the loop that uses it, and passes on what the ties let through."""

    def __init__(self, env: Env, ties: FaultControls, name: str) -> None:
        self._env = env
        self._ties = ties
        self._name = name
        self._opening: asyncio.Task[Backend] | None = None
        self._jobs: dict[str, Delivery] = {}

    @property
    def capabilities(self) -> Capabilities:
        return self._env.capabilities

    async def enqueue(self, messages: Sequence[Message]) -> list[EnqueueOutcome]:
        raise AssertionError("workers enqueue nothing here")

    async def reserve(self, queues: Sequence[str], *, limit: int, lease: int, wait: int = 0) -> list[Delivery]:
        self._ties.reserves.append((limit, self._ties.running))
        nothing: list[Delivery] = []
        found = await self._call(
            "reserve", queues, lambda backend: backend.reserve(queues, limit=limit, lease=lease, wait=wait), nothing
        )
        if self._ties.killed:
            await asyncio.Event().wait()  # a killed worker hears nothing any more
        for delivery in found:
            self._jobs[delivery.token] = delivery
            self._ties.granted.add((delivery.message.id, delivery.attempt))
            self._note(f"is granted {delivery.message.id} (attempt {delivery.attempt})")
        if found and self._ties.held is not None:
            await self._hold(self._ties.held)
        return found

    async def _hold(self, held: threading.Event) -> None:
        """Too late to be cancelled: the store has answered."""
        while not held.is_set():
            try:
                await asyncio.sleep(0.005)
            except asyncio.CancelledError:
                if (task := asyncio.current_task()) is not None:
                    task.uncancel()

    async def settle(self, settlements: Sequence[Settlement]) -> list[SettleOutcome]:
        self._ties.settlements += [(settlement, time.monotonic()) for settlement in settlements]
        gone: list[SettleOutcome] = [Stale()] * len(settlements)
        outcomes = await self._call("settle", settlements, lambda backend: backend.settle(settlements), gone)
        for settlement, outcome in zip(settlements, outcomes, strict=True):
            self._note(f"settles {self._job(settlement.token)} {_how(settlement)} -> {kind_of(outcome)}")
        return outcomes

    async def extend(self, extensions: Sequence[Extension]) -> list[ExtendOutcome]:
        gone: list[ExtendOutcome] = [Stale()] * len(extensions)
        outcomes = await self._call("extend", extensions, lambda backend: backend.extend(extensions), gone)
        for extension, outcome in zip(extensions, outcomes, strict=True):
            if not isinstance(outcome, (Extended, CancelRequested)):
                self._note(f"extends {self._job(extension.token)} -> {kind_of(outcome)}")
        return outcomes

    async def cancel(self, ids: Sequence[str]) -> list[CancelOutcome]:
        return await self._call("cancel", ids, lambda backend: backend.cancel(ids), [])

    async def close(self) -> None:
        if self._opening is not None:
            await (await self._opening).close()

    async def _call(self, verb: str, items: Sequence[object], call: Callable[[Backend], Awaitable[T]], gone: T) -> T:
        ties = self._ties
        if not ties.killed:
            ties.calls.append((verb, time.monotonic()))
            ties.sent.append((verb, len(ties.proxy.commands) if ties.proxy is not None else 0))
        dies = len(ties.calls) == ties.kill_at_call
        if ties.killed or (dies and not ties.replies):
            self._die()
            return gone
        if verb in ties.cut:
            raise BackendUnavailable(f"{verb}: the kit has cut this worker off") from ConnectionResetError("cut")
        if verb in ties.raises_unexpected:
            raise RuntimeError(f"{verb}: the kit raises what no backend may")
        answer = await call(await self._backend())
        if dies or ties.killed:
            self._die()
            return gone
        try:
            check_answer(verb, items, answer)
        except MalformedAnswer as error:
            ties.unreadable = ties.unreadable or error
            raise
        return answer

    def _die(self) -> None:
        if not self._ties.killed:
            self._ties.killed = True
            self._note("is killed")

    async def _backend(self) -> Backend:
        if self._opening is None:
            harness, namespace, proxy = self._env.harness, self._env.namespace, self._ties.proxy
            opening = harness.open(namespace, None) if proxy is None else harness.through(namespace, None, proxy)
            self._opening = asyncio.ensure_future(opening)
        return await asyncio.shield(self._opening)

    def _job(self, token: str) -> str:
        return self._jobs[token].message.id if token in self._jobs else "a job"

    def _note(self, words: str) -> None:
        self._env.trace.noted(self._name, words)


def _how(settlement: Settlement) -> str:
    match settlement:
        case Done():
            return "done"
        case Release():
            return "released"
        case RetryAt(after=after):
            return f"to retry in {after} ms"
        case _:
            return "dead"
