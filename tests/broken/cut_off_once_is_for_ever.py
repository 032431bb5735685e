"""A worker whose connection was lost once goes on living, and takes no job any more (celery #8030)."""

from __future__ import annotations

import asyncio

from jobkit.worker.backoff import Backoff
from tests.broken.processes import OverRedis

RULE = "W9"
TIER = "processes"


class Endless(Backoff):
    async def sleep(self, unless: asyncio.Event | None = None) -> None:
        await asyncio.Event().wait()


FAULTS = {"jobkit.worker.fetcher.Backoff": Endless}


class Harness(OverRedis):
    pass
