"""Limits and leases that nobody can mean are bent until they fit (celery #8967: clamped)."""

from __future__ import annotations

from collections.abc import Sequence

from jobkit.backend import Delivery
from jobkit.backends.inline.backend import InlineBackend
from tests.broken.patched import PatchedHarness

RULE = "C1"


class Clamping(InlineBackend):
    async def reserve(self, queues: Sequence[str], *, limit: int, lease: int, wait: int = 0) -> list[Delivery]:
        limit = max(1, min(int(limit), self.capabilities.max_batch))
        return await super().reserve(list(queues), limit=limit, lease=max(1, min(lease, 2**52 - 1)), wait=max(0, wait))


class Harness(PatchedHarness):
    client = Clamping
