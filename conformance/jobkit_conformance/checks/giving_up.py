"""Somebody who gives up a call half way."""

from __future__ import annotations

import asyncio
from typing import Any


async def turns(count: int) -> None:
    """Let the loop turn so many times."""
    for _ in range(count):
        await asyncio.sleep(0)


async def cancel_after(count: int, task: asyncio.Task[Any]) -> None:
    """Let the loop turn so many times, then cancel the call, and wait until it has ended."""
    await turns(count)
    task.cancel()
    await asyncio.wait([task])
