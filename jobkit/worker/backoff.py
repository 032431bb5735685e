"""How long to wait before trying or looking again: longer each time, and never all workers at once."""

from __future__ import annotations

import asyncio
import contextlib

from jobkit.worker.runtime import Runtime

FIRST = 0.05
MAX_RETRY_DELAY = 5.0
"""The longest between two tries of what failed."""
IDLE = 1.0
"""The longest between two looks at a store that can't call out when there is work."""


class Backoff:
    """0.05 s, doubling up to ``last``, with up to a half taken off at random."""

    def __init__(self, host: Runtime, last: float = MAX_RETRY_DELAY) -> None:
        self._luck = host.random
        self._next, self._last = FIRST, last

    async def sleep(self, unless: asyncio.Event | None = None) -> None:
        """Wait, until that happens at most."""
        seconds, self._next = self._next * (1 - self._luck() / 2), min(self._next * 2, self._last)
        if unless is None:
            await asyncio.sleep(seconds)
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await unless.wait()

    def reset(self) -> None:
        """It worked: begin again with the shortest."""
        self._next = FIRST
