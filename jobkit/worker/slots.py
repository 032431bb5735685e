"""How many jobs may start: nothing is reserved that has no slot, and a slot is free when its job has ended."""

from __future__ import annotations

import asyncio


class Slots:
    """Belongs to one event loop."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._free = count
        self._changed = asyncio.Event()
        self._changed.set()

    @property
    def taken(self) -> int:
        return self.count - self._free

    async def take(self, most: int) -> int:
        """Wait until a slot is free, then take as many as are free, at most so many."""
        while not self._free:
            self._changed.clear()
            await self._changed.wait()
        taken = min(self._free, most)
        self._free -= taken
        return taken

    def give_back(self, count: int = 1) -> None:
        self._free += count
        self._changed.set()
