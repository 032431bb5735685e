"""A wait that was cancelled goes on in the store, and takes the next job for nobody (aioredis PR 59)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from jobkit.backend import Delivery
from jobkit.backends.inline.backend import InlineBackend
from tests.broken.patched import PatchedHarness

RULE = "R3"


class Undead(InlineBackend):
    async def reserve(self, queues: Sequence[str], *, limit: int, lease: int, wait: int = 0) -> list[Delivery]:
        call = super().reserve(queues, limit=limit, lease=lease, wait=wait)
        self.popping = asyncio.create_task(call)
        return await asyncio.shield(self.popping)


class Harness(PatchedHarness):
    client = Undead
