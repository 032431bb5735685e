"""A worker that was asked to stop goes on taking jobs for as long as its grace lasts (taskiq #380)."""

from __future__ import annotations

import asyncio

from jobkit.worker.fetcher import Feed
from tests.broken.processes import OverSqlite

RULE = "W7"
TIER = "processes"

stop = Feed.stop
begin = Feed.begin_stop


async def _later(feed: Feed, grace: float) -> None:
    await asyncio.sleep(3 * grace)
    begin(feed)
    await stop(feed, grace)


def _not_yet(feed: Feed) -> None:
    """Nothing happens here: that is the fault."""


FAULTS = {"jobkit.worker.fetcher.Feed.stop": _later, "jobkit.worker.fetcher.Feed.begin_stop": _not_yet}


class Harness(OverSqlite):
    pass
