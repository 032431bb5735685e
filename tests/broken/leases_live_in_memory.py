"""A restart forgets who holds what (celery #1307: held in memory)."""

from __future__ import annotations

from jobkit.lifecycle import Phase, Transition
from tests.conformance.remote import RemoteHarness

RULE = "D1"


class Harness(RemoteHarness):
    async def restart(self) -> None:
        await super().restart()
        for store in self.server.stores():
            for job in list(store._jobs.values()):
                if job.phase is Phase.LEASED:
                    store._give_back(job, Transition.RELEASE, store._now)
