"""Looking for what is due and moving it to the ready are two steps, and each who looks moves it (sidekiq PR 1495)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from jobkit.backend import Delivery
from jobkit.backends.inline.backend import InlineBackend
from jobkit.backends.inline.store import Store
from jobkit.lifecycle import Phase
from tests.broken.patched import PatchedHarness

RULE = "R1"


class Promoting(InlineBackend):
    async def reserve(self, queues: Sequence[str], *, limit: int, lease: int, wait: int = 0) -> list[Delivery]:
        due = self._look(_due)
        await asyncio.sleep(0)
        self._look(lambda store, now: _push(store, due))
        return await super().reserve(queues, limit=limit, lease=lease, wait=wait)


def _due(store: Store, now: int) -> list[str]:
    return [
        id
        for id, job in store._jobs.items()
        if job.phase is Phase.WAITING and job.message.after is not None and job.since <= now
    ]


def _push(store: Store, due: Sequence[str]) -> None:
    """Whatever happened to them meanwhile."""
    for job in [store._jobs[id] for id in due if id in store._jobs]:
        if job.phase is Phase.LEASED:
            store._displace(job)
            job.phase = Phase.WAITING
            store._place(job)


class Harness(PatchedHarness):
    client = Promoting
