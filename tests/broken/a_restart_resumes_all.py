"""Which queues are paused is kept in memory, and a restart forgets it."""

from __future__ import annotations

from tests.conformance.remote import RemoteHarness

RULE = "P1"


class Harness(RemoteHarness):
    async def restart(self) -> None:
        for store in self.server.stores():
            store._paused.clear()
        await super().restart()
