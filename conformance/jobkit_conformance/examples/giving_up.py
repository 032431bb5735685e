"""Somebody who gives up a call half way."""

from __future__ import annotations

import asyncio
from typing import Any


async def cancel_after(turns: int, task: asyncio.Task[Any]) -> None:
    """Let the loop turn so many times, then cancel the call, and wait until it has ended."""
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
