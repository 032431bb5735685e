"""How long to wait before trying again what failed: longer each time, and never all workers at once."""

from __future__ import annotations

import asyncio
import os


class Pause:
    """0.05 s, doubling up to 5 s, with up to a half taken off at random."""

    FIRST, LAST = 0.05, 5.0

    def __init__(self) -> None:
        self._next = self.FIRST

    async def rest(self) -> None:
        luck = int.from_bytes(os.urandom(2), "big") / 2**16
        seconds, self._next = self._next * (1 - luck / 2), min(self._next * 2, self.LAST)
        await asyncio.sleep(seconds)

    def over(self) -> None:
        """It worked: begin again with the shortest."""
        self._next = self.FIRST
