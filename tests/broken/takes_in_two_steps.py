"""A job leaves its queue in one step and is leased in another (rq #2236, kombu #305)."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs

from jobkit.backend import Delivery, Extension
from tests.conformance.remote import RemoteBackend, RemoteHarness

RULE = "R4"


FOR_EVER = 10**12


class TwoSteps(RemoteBackend):
    async def _take(self, queues: Sequence[str], limit: int, lease: int) -> list[Delivery]:
        found = await self.call(lambda: self.inline.reserve(queues, limit=limit, lease=FOR_EVER))
        await self.call(lambda: self.inline.extend([Extension(delivery.token, lease) for delivery in found]))
        return [structs.replace(delivery, lease_end=delivery.lease_end - FOR_EVER + lease) for delivery in found]


class Harness(RemoteHarness):
    client = TwoSteps
