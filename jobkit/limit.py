"""How long one attempt of a job may take, and what happens to one that takes longer."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from jobkit.errors import ConfigurationError, TimeLimit

T = TypeVar("T")


def check_limit(limit: float | timedelta | None) -> float | None:
    """A limit as a user states it, in seconds."""
    seconds = limit.total_seconds() if isinstance(limit, timedelta) else limit
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 < seconds < math.inf:
        raise ConfigurationError(f"limit is seconds or a timedelta, more than 0, not {limit!r}")
    return float(seconds)


async def within(seconds: float | None, call: Callable[[], Awaitable[T]]) -> T:
    """Await a call for so many seconds, then cancel it; `TimeLimit` when it took longer, however it ended.

    The error says where the call was interrupted. One that blocks the loop, or does not end when it is cancelled, is
    found out when it has ended.
    """
    if seconds is None:
        return await call()
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    timeout = asyncio.timeout_at(end)
    try:
        async with timeout:
            value = await call()
    except BaseException as error:
        if not timeout.expired() and loop.time() < end:
            raise
        interrupted = error.__cause__ if isinstance(error, TimeoutError) and timeout.expired() else error
        own = None if isinstance(interrupted, asyncio.CancelledError) else error
        raise time_limit(seconds).with_traceback((interrupted or error).__traceback__) from own
    if loop.time() >= end:
        raise time_limit(seconds)
    return value


def time_limit(seconds: float) -> TimeLimit:
    return TimeLimit(f"it ran for longer than its limit of {seconds:g} s")
