"""A job that returns is done, however long after its limit."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from jobkit.jobs.limits import time_limit
from tests.broken.patched import PatchedWorker

RULE = "W13"


async def _cancelled_in_time(seconds: float | None, call: Callable[[], Awaitable[Any]]) -> Any:
    timeout = asyncio.timeout(seconds)
    try:
        async with timeout:
            return await call()
    except TimeoutError:
        if timeout.expired():
            raise time_limit(seconds or 0) from None
        raise


class Harness(PatchedWorker):
    def faults(self) -> dict[str, Any]:
        return {"jobkit.execute.perform.run_with_limit": _cancelled_in_time}
