"""All clients share a connection, which belongs to the loop that used it first."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from jobkit.backend import Delivery, EnqueueOutcome, Message
from jobkit.backends.inline.backend import InlineBackend
from tests.broken.patched import PatchedHarness

RULE = "C4"


class Shared(InlineBackend):
    async def reserve(self, queues: Sequence[str], *, limit: int, lease: int, wait: int = 0) -> list[Delivery]:
        self._use()
        return await super().reserve(queues, limit=limit, lease=lease, wait=wait)

    async def enqueue(self, messages: Sequence[Message]) -> list[EnqueueOutcome]:
        self._use()
        return await super().enqueue(messages)

    def _use(self) -> None:
        loop = asyncio.get_running_loop()
        if vars(self.memory).setdefault("loop", loop) is not loop:
            raise RuntimeError("the connection is attached to a different loop")


class Harness(PatchedHarness):
    client = Shared
