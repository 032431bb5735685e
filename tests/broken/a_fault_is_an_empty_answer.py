"""A reserve that fails answers that there is nothing to do."""

from __future__ import annotations

from collections.abc import Sequence

from jobkit.backend import Delivery
from jobkit.errors import BackendUnavailable
from tests.conformance.remote import RemoteBackend, RemoteHarness

RULE = "D6"


class Soothing(RemoteBackend):
    async def _take(self, queues: Sequence[str], limit: int, lease: int) -> list[Delivery]:
        try:
            return await super()._take(queues, limit, lease)
        except BackendUnavailable:
            return []


class Harness(RemoteHarness):
    client = Soothing
