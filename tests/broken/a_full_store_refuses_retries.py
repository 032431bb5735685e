"""When the store is full a retry is refused like an enqueue (sidekiq #5558)."""

from __future__ import annotations

from collections.abc import Sequence

from jobkit.backend import Done, Settlement, SettleOutcome
from jobkit.errors import BackendFull
from tests.conformance.remote import RemoteBackend, RemoteHarness

RULE = "D4"


class Wedged(RemoteBackend):
    async def settle(self, settlements: Sequence[Settlement]) -> list[SettleOutcome]:
        if self.server.full and not all(isinstance(settlement, Done) for settlement in settlements):
            raise BackendFull("the server has no room")
        return await super().settle(settlements)


class Harness(RemoteHarness):
    client = Wedged
