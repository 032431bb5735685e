"""A worker that stops forgets the reserve that is on its way: what it brings waits for its lease (celery #4354)."""

from __future__ import annotations

import asyncio
from typing import Any

from jobkit.backend import Delivery
from jobkit.worker.fetcher import Fetcher
from tests.broken.patched import PatchedWorker

RULE = "W7"


async def _forget(feed: Fetcher, reserving: asyncio.Task[list[Delivery]]) -> None:
    pass


class Harness(PatchedWorker):
    def faults(self) -> dict[str, Any]:
        return {"jobkit.worker.fetcher.Fetcher._release_what": _forget}
