"""A job is settled as done before it is performed (celery with early acks)."""

from __future__ import annotations

import asyncio
from typing import Any

from jobkit.backend import Done
from jobkit.worker.feed import Feed
from jobkit.worker.running import Running
from tests.broken.patched import PatchedWorker

RULE = "W1"


perform = Feed._perform


async def settles_first(feed: Feed, running: Running) -> None:
    await feed._backend.settle([Done(running.delivery.token)])
    await asyncio.sleep(0)
    await perform(feed, running)


class Harness(PatchedWorker):
    def faults(self) -> dict[str, Any]:
        return {"jobkit.worker.feed.Feed._perform": settles_first}
