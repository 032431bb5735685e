"""A worker whose connection was lost once goes on living, and takes no job any more (celery #8030)."""

from __future__ import annotations

import asyncio

from jobkit.worker.fetcher import Fetcher
from tests.broken.processes import OverRedis

RULE = "W9"
TIER = "processes"


def _give_up(feed: Fetcher, error: Exception) -> None:
    feed._set_ready(ready=False)
    raise asyncio.CancelledError


FAULTS = {"jobkit.worker.fetcher.Fetcher._log_failure": _give_up}


class Harness(OverRedis):
    pass
