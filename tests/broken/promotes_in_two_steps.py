"""What is due is taken out in one step and made ready in another: who gives up in between loses it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from jobkit.backend import Delivery
from jobkit.backends.inline.state import StoredJob
from jobkit.backends.inline.store import Store
from tests.conformance.remote import RemoteBackend, RemoteHarness

RULE = "R4"


class Promoting(RemoteBackend):
    async def _take(self, queues: Sequence[str], limit: int, lease: int) -> list[Delivery]:
        due = await self.call(partial(self._take_out, queues))
        if due:
            await self.call(partial(self._make_ready, due))
        return await super()._take(queues, limit, lease)

    async def _take_out(self, queues: Sequence[str]) -> list[StoredJob]:
        return self.inline._look(lambda store, now: _displaced(store, now, queues))

    async def _make_ready(self, due: Sequence[StoredJob]) -> None:
        for job in due:
            self.inline.memory.store._place(job)


def _displaced(store: Store, now: int, queues: Sequence[str]) -> list[StoredJob]:
    """Those that were stored with a delay, and are due."""
    lines = [level.waiting for name in queues if name in store._queues for level in store._queues[name].levels.values()]
    jobs = [store._jobs[id] for line in lines for _, _, id in tuple(line.until(now))]
    due = [job for job in jobs if job.message.after and not job.number]
    for job in due:
        store._displace(job)
    return due


class Harness(RemoteHarness):
    client = Promoting
