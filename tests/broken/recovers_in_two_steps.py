"""What was lost is taken out in one step and put back in another: who dies in between loses it (kombu #1405)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from jobkit.backend import Delivery
from jobkit.backends.inline.state import StoredJob
from jobkit.backends.inline.store import Store
from tests.conformance.remote import RemoteBackend, RemoteHarness

RULE = "R4"


class Reaping(RemoteBackend):
    async def _take(self, queues: Sequence[str], limit: int, lease: int) -> list[Delivery]:
        lost = await self.call(partial(self._take_out, queues))
        if lost:
            await self.call(partial(self._put_back, lost))
        return await super()._take(queues, limit, lease)

    async def _take_out(self, queues: Sequence[str]) -> list[StoredJob]:
        return self.inline._look(lambda store, now: _displaced(store, now, queues))

    async def _put_back(self, lost: Sequence[StoredJob]) -> None:
        for job in lost:
            self.inline.memory.store._place(job)


def _displaced(store: Store, now: int, queues: Sequence[str]) -> list[StoredJob]:
    lines = [level.leased for name in queues if name in store._queues for level in store._queues[name].levels.values()]
    lost = [store._jobs[id] for line in lines for _, _, id in tuple(line.until(now))]
    for job in lost:
        store._displace(job)
    return lost


class Harness(RemoteHarness):
    client = Reaping
