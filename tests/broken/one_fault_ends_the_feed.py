"""One error of the store ends the loop that reserves (arq #386, celery #8030)."""

from __future__ import annotations

import asyncio
from typing import Any

from jobkit.worker.fetcher import Feed
from tests.broken.patched import PatchedWorker

RULE = "W9"


def _give_up(feed: Feed, error: Exception) -> None:
    feed._turn(ready=False)
    raise asyncio.CancelledError


class Harness(PatchedWorker):
    def faults(self) -> dict[str, Any]:
        return {"jobkit.worker.fetcher.Feed._complain": _give_up}
