"""A worker that is cut off tries again without a pause."""

from __future__ import annotations

import asyncio
from typing import Any

from jobkit.worker.backoff import Backoff
from tests.broken.patched import PatchedWorker

RULE = "W9"


async def _no_rest(pause: Backoff) -> None:
    await asyncio.sleep(0)


class Harness(PatchedWorker):
    def faults(self) -> dict[str, Any]:
        return {"jobkit.worker.backoff.Backoff.sleep": _no_rest}
