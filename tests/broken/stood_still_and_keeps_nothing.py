"""A worker that stood still once (a suspended machine, a long collection) keeps no lease any more (dramatiq #692)."""

from __future__ import annotations

import time
from typing import Any

from jobkit.backend import Backend
from jobkit.worker.leases import LeaseKeeper
from tests.broken.processes import OverSqlite

RULE = "W2"
TIER = "processes"

extend_due = LeaseKeeper._extend_due
hold = LeaseKeeper.track
_seen: dict[LeaseKeeper, float] = {}


def _from_now_on(keeper: LeaseKeeper, *held: Any, **how: Any) -> None:
    _seen[keeper] = _seen.get(keeper) or time.monotonic()
    hold(keeper, *held, **how)


async def _until_it_stands_still(keeper: LeaseKeeper, backend: Backend) -> None:
    now, last = time.monotonic(), _seen.get(keeper, 0.0)
    if last and now - last > keeper._third * 3:
        return
    _seen[keeper] = now if keeper._held else 0.0
    await extend_due(keeper, backend)


FAULTS = {
    "jobkit.worker.leases.LeaseKeeper.track": _from_now_on,
    "jobkit.worker.leases.LeaseKeeper._extend_due": _until_it_stands_still,
}


class Harness(OverSqlite):
    pass
