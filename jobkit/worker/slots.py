"""How many jobs may start: nothing is reserved that has no place to run, and a place is free when its job has ended."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

_NO_POOLS: Final[Mapping[str, int]] = {}


class Slots:
    """Belongs to one event loop. ``pools``: places of which some jobs need one beside their slot, such as threads.

    What a delivery needs is known only once it is there: so a slot is taken together with a place in each pool, and
    `keep` gives back those that its job has no use for.
    """

    def __init__(self, count: int, pools: Mapping[str, int] = _NO_POOLS) -> None:
        self.count = count
        self._free = count
        self._pools = dict(pools)
        self._changed = asyncio.Event()
        self._changed.set()

    @property
    def taken(self) -> int:
        return self.count - self._free

    async def take(self, most: int) -> int:
        """Wait until a slot is free, then take as many as are free, at most so many."""
        while (free := min((self._free, *self._pools.values()))) < 1:
            self._changed.clear()
            await self._changed.wait()
        taken = min(free, most)
        self._free -= taken
        for name in self._pools:
            self._pools[name] -= taken
        return taken

    def release(self, count: int) -> None:
        """These were taken, and nothing came for them."""
        self._free += count
        for name in self._pools:
            self._pools[name] += count
        self._changed.set()

    def keep(self, pool: str | None) -> None:
        """The job that came for a slot needs a place in this pool, or in none."""
        for name in self._pools:
            if name != pool:
                self._pools[name] += 1
        self._changed.set()

    def give_back(self, pool: str | None = None) -> None:
        """A job has ended: its slot is free, and its place in this pool."""
        self._free += 1
        if pool in self._pools:
            self._pools[pool] += 1
        self._changed.set()
