"""A backend as somebody else would write it: asynchronous only, and no more than it must have."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

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
from jobkit.backends.inline import InlineBackend
from jobkit.backends.inline.backend import Memory
from jobkit.clock import Clock


class ThirdParty(Backend):
    """Notes on which loop it was used, and that it was closed there."""

    def __init__(self, memory: Memory) -> None:
        self._inner = InlineBackend(memory)
        self.loops: set[asyncio.AbstractEventLoop] = set()
        self.closed_on: asyncio.AbstractEventLoop | None = None

    @property
    def capabilities(self) -> Capabilities:
        return self._inner.capabilities

    async def enqueue(self, messages: Sequence[Message]) -> list[EnqueueOutcome]:
        self.loops.add(asyncio.get_running_loop())
        return await self._inner.enqueue(messages)

    async def reserve(self, queues: Sequence[str], *, limit: int, lease: int, wait: int = 0) -> list[Delivery]:
        return await self._inner.reserve(queues, limit=limit, lease=lease, wait=wait)

    async def settle(self, settlements: Sequence[Settlement]) -> list[SettleOutcome]:
        return await self._inner.settle(settlements)

    async def extend(self, extensions: Sequence[Extension]) -> list[ExtendOutcome]:
        return await self._inner.extend(extensions)

    async def close(self) -> None:
        self.closed_on = asyncio.get_running_loop()
        await self._inner.close()


class Factory:
    """Remembers what it made."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.made: list[ThirdParty] = []

    def __call__(self, url: str | None, namespace: str, clock: Clock | None) -> ThirdParty:
        self.made.append(ThirdParty(self.memory))
        return self.made[-1]


def in_new_memory(url: str | None, namespace: str, clock: Clock | None) -> ThirdParty:
    return ThirdParty(Memory())
