"""A job that was taken a moment ago, and is not marked yet, looks lost to others (saq #124, rq #2061)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from msgspec import structs

from jobkit.backend import Delivery
from jobkit.backends.inline.backend import InlineBackend
from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "R1"


class Marking(InlineBackend):
    async def reserve(self, queues: Sequence[str], *, limit: int, lease: int, wait: int = 0) -> list[Delivery]:
        found = self._look(lambda store, now: store.reserve(now, queues, limit, 0))
        if not found:
            return await super().reserve(queues, limit=limit, lease=lease, wait=wait)
        await asyncio.sleep(0)
        self._look(lambda store, now: _mark(store, now + lease, found))
        return [structs.replace(delivery, lease_end=delivery.lease_end + lease) for delivery in found]


def _mark(store: Store, lease_end: int, found: Sequence[Delivery]) -> None:
    for delivery in found:
        job = store._leases.get(delivery.token)
        if job is not None:
            store._displace(job)
            job.lease_end = lease_end
            store._place(job)


class Harness(PatchedHarness):
    client = Marking
