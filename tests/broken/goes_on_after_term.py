"""A worker that was asked to stop goes on taking jobs for as long as its grace lasts (taskiq #380)."""

from __future__ import annotations

import asyncio

from jobkit.worker.fetcher import Fetcher
from tests.broken.processes import OverSqlite

RULE = "W7"
TIER = "processes"

stop = Fetcher.stop
begin = Fetcher.begin_stop


async def _later(feed: Fetcher, grace: float) -> None:
    await asyncio.sleep(3 * grace)
    begin(feed)
    await stop(feed, grace)


def _not_yet(feed: Fetcher) -> None:
    """Nothing happens here: that is the fault."""


FAULTS = {"jobkit.worker.fetcher.Fetcher.stop": _later, "jobkit.worker.fetcher.Fetcher.begin_stop": _not_yet}


class Harness(OverSqlite):
    pass
