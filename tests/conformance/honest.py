"""Backends that are odd and keep every promise they make: none of them may raise an alarm."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from msgspec import structs

from jobkit.backend import (
    Backend,
    Capabilities,
    Delivery,
    EnqueueOutcome,
    ExtendOutcome,
    Extension,
    Message,
    Settlement,
    SettleOutcome,
)
from jobkit.backends.aggregate import AggregatingBackend
from jobkit.backends.inline.backend import CAPABILITIES, InlineBackend, Memory
from jobkit.backends.inline.key_values import Cells
from jobkit.backends.inline.store import Store
from jobkit.clock import Clock
from jobkit.validation import check_reserve
from tests.broken.patched import PatchedHarness
from tests.conformance.remote import OffsetClock

T = TypeVar("T")


class BareBackend(InlineBackend):
    """Leases, and no optional capability at all."""

    @property
    def capabilities(self) -> Capabilities:
        return structs.replace(
            CAPABILITIES,
            delay=False,
            priority=None,
            keys=False,
            remember=False,
            dead_letters=False,
            cancel=False,
            inspect=False,
            wait=False,
            pause=False,
            checkpoints=False,
            cells=False,
            fifo=False,
            max_batch=10,
            max_body=1000,
            max_batch_bytes=10_000,
        )

    cancel = Backend.cancel
    requeue = Backend.requeue
    get = Backend.get
    counts = Backend.counts
    queues = Backend.queues
    peek = Backend.peek
    delete = Backend.delete
    purge = Backend.purge
    pause = Backend.pause
    resume = Backend.resume
    cell_get = Backend.cell_get
    cell_set = Backend.cell_set


class Bare(PatchedHarness):
    client = BareBackend


class JumpingCells(Cells):
    """Versions grow, by as much as they like."""

    def set(self, name: str, value: bytes, expected_version: int) -> int | None:
        version = super().set(name, value, expected_version)
        if version is None:
            return None
        version += len(self._cells) * 1_000
        self._cells[name] = value, version
        return version


class ShufflingStore(Store):
    """Equals come in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.cells = JumpingCells()
        self._random = random.Random(7)

    def _accept(self, now: int, message: Message) -> EnqueueOutcome:
        self._seq = self._random.getrandbits(40)
        return super()._accept(now, message)


class ShufflingBackend(InlineBackend):
    @property
    def capabilities(self) -> Capabilities:
        return structs.replace(CAPABILITIES, fifo=False, priority=(-2, 2))


class Shuffling(PatchedHarness):
    """Promises no order among equals, and counts in leaps."""

    store = ShufflingStore
    client = ShufflingBackend


class SlowBackend(InlineBackend):
    """Every call takes a few turns of the loop before it is done, and a few after; a wait notices things late."""

    @property
    def capabilities(self) -> Capabilities:
        return structs.replace(CAPABILITIES, slack=150)

    async def enqueue(self, messages: Sequence[Message]) -> list[EnqueueOutcome]:
        return await self._slowly(partial(super().enqueue, messages))

    async def settle(self, settlements: Sequence[Settlement]) -> list[SettleOutcome]:
        return await self._slowly(partial(super().settle, settlements))

    async def extend(self, extensions: Sequence[Extension]) -> list[ExtendOutcome]:
        return await self._slowly(partial(super().extend, extensions))

    async def reserve(self, queues: Sequence[str], *, limit: int, lease: int, wait: int = 0) -> list[Delivery]:
        check_reserve(queues, limit, lease, wait, self.capabilities)
        await self._rest()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait / 1000
        while True:
            found = await super().reserve(queues, limit=limit, lease=lease)
            if found or loop.time() >= deadline:
                return found
            await asyncio.sleep(min(0.1, deadline - loop.time()))

    async def _slowly(self, call: Callable[[], Awaitable[T]]) -> T:
        await self._rest()
        answer = await call()  # not made before: who is cancelled at rest would leave a coroutine that nobody awaits
        await self._rest()
        return answer

    async def _rest(self) -> None:
        for _ in range(random.randrange(3)):
            await asyncio.sleep(0)


class Slow(PatchedHarness):
    """As late as it declares."""

    client = SlowBackend


class Gathered(Slow):
    """Enqueues of several callers in one step, and each step takes its time."""

    async def open(self, namespace: str, clock: Clock | None) -> Any:
        return AggregatingBackend(await super().open(namespace, clock), size=10, wait=0)


class RealTimeBackend(InlineBackend):
    def __init__(self, memory: Memory | None = None, clock: Clock | None = None) -> None:
        super().__init__(memory, None)


class Offset(PatchedHarness):
    """Memory that takes the host's time, moved: the path of production."""

    clock_mode = "offset"
    simulated = False  # its time is the host's

    def __init__(self) -> None:
        super().__init__()
        self._clocks: dict[str, OffsetClock] = {}

    async def open(self, namespace: str, clock: Clock | None) -> InlineBackend:
        return await super().open(namespace, self._clocks.setdefault(namespace, OffsetClock()))

    async def wipe(self, namespace: str) -> None:
        await super().wipe(namespace)
        self._clocks.pop(namespace, None)

    async def move(self, namespace: str, offset_ms: int) -> None:
        self._clocks[namespace].ahead = offset_ms


class Real(PatchedHarness):
    """Nothing moves its clock."""

    clock_mode = "real"
    simulated = False
    client = RealTimeBackend
