"""A restart forgets who holds what (celery #1307: held in memory)."""

from __future__ import annotations

from jobkit.lifecycle import Move, Phase
from tests.conformance.remote import RemoteHarness

RULE = "D1"


class Harness(RemoteHarness):
    async def restart(self) -> None:
        await super().restart()
        for store in self.server.stores():
            for job in list(store._jobs.values()):
                if job.phase is Phase.LEASED:
                    store._give_back(job, Move.RELEASE, store._now)
