"""Reading what is due and taking it are two steps (machinery PR 646, sidekiq PR 1495)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence

from jobkit.backend import Delivery
from jobkit.backends.inline.backend import InlineBackend
from jobkit.backends.inline.state import Position
from jobkit.backends.inline.store import Store
from jobkit.lifecycle import Phase, State
from tests.broken.patched import PatchedHarness

RULE = "R1"


class Racing(InlineBackend):
    async def reserve(self, queues: Sequence[str], *, limit: int, lease: int, wait: int = 0) -> list[Delivery]:
        due = self._look(lambda store, now: _due(store, now, queues, limit))
        await asyncio.sleep(0)
        taken = self._look(lambda store, now: [_take(store, now, id, lease) for id in due])
        return [delivery for delivery in taken if delivery is not None]


def _due(store: Store, now: int, queues: Sequence[str], limit: int) -> list[str]:
    found = [entry[2] for name in queues if name in store._queues for _, entry in _ready(store, now, name)]
    return found[:limit]


def _ready(store: Store, now: int, name: str) -> list[Position]:
    return list(store._queues[name].select(State.READY, now))


def _take(store: Store, now: int, id: str, lease: int) -> Delivery | None:
    job = store._jobs.get(id)
    granted = (Phase.WAITING, Phase.LEASED)
    return store._grant(job, now + lease, os.urandom(12).hex()) if job and job.phase in granted else None


class Harness(PatchedHarness):
    client = Racing
