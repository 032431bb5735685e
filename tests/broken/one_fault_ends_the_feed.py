"""One error of the store ends the loop that reserves (arq #386, celery #8030)."""

from __future__ import annotations

import asyncio
from typing import Any

from jobkit.worker.fetcher import Fetcher
from tests.broken.patched import PatchedWorker

RULE = "W9"


def _give_up(feed: Fetcher, error: Exception) -> None:
    feed._set_ready(ready=False)
    raise asyncio.CancelledError


class Harness(PatchedWorker):
    def faults(self) -> dict[str, Any]:
        return {"jobkit.worker.fetcher.Fetcher._log_failure": _give_up}
