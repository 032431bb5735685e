"""Twice as many jobs are taken as can start (celery #8025: prefetch)."""

from __future__ import annotations

from typing import Any

from jobkit.backend import Delivery
from jobkit.worker.fetcher import Fetcher
from tests.broken.patched import PatchedWorker

RULE = "W8"


reserve = Fetcher._reserve


async def _twice_as_many(feed: Fetcher, limit: int, wait: int) -> list[Delivery]:
    return await reserve(feed, 2 * limit, wait)


class Harness(PatchedWorker):
    def faults(self) -> dict[str, Any]:
        return {"jobkit.worker.fetcher.Fetcher._reserve": _twice_as_many}
