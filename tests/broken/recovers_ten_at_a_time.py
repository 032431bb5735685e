"""A sweep brings back ten jobs, and the next is half a minute later (kombu #164)."""

from __future__ import annotations

from collections.abc import Sequence

from jobkit.backend import Delivery
from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "L1"


class Sweeping(Store):
    def __init__(self) -> None:
        super().__init__()
        self._swept, self._left = 0, 0

    def reserve(self, now: int, queues: Sequence[str], limit: int, lease: int) -> list[Delivery]:
        if now >= self._swept + 30_000:
            self._swept, self._left = now, 10
        lines = [
            level.leased for name in queues if name in self._queues for level in self._queues[name].levels.values()
        ]
        back = sum(line.count_until(now) for line in lines)
        found = (
            super().reserve(now, queues, min(limit, self._left) if back else limit, lease)
            if self._left or not back
            else []
        )
        self._left -= min(back, len(found))
        return found


class Harness(PatchedHarness):
    store = Sweeping
