"""Leases that ran out are looked at after a read that brought something (taskiq-redis 1.2.4)."""

from __future__ import annotations

from collections.abc import Sequence

from jobkit.backend import Delivery
from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "L1"


class Idle(Store):
    def reserve(self, now: int, queues: Sequence[str], limit: int, lease: int) -> list[Delivery]:
        levels = [level for name in queues if name in self._queues for level in self._queues[name].levels.values()]
        traffic = any(level.waiting.count_until(now) for level in levels)
        return super().reserve(now, queues, limit, lease) if traffic else []


class Harness(PatchedHarness):
    store = Idle
