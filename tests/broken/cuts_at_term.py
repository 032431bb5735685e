"""TERM ends running jobs at once, whatever the grace (arq #267)."""

from __future__ import annotations

from jobkit.worker.fetcher import Fetcher
from tests.broken.processes import OverSqlite

RULE = "W7"
TIER = "processes"

stop = Fetcher.stop


async def _without_grace(feed: Fetcher, grace: float) -> None:
    await stop(feed, 0.0)


FAULTS = {"jobkit.worker.fetcher.Fetcher.stop": _without_grace}


class Harness(OverSqlite):
    pass
