"""A lease that ran out counts as leased until somebody takes the job."""

from __future__ import annotations

from msgspec import structs

from jobkit.backend import Counts
from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "I1"


class Stuck(Store):
    def counts(self, now: int, name: str) -> Counts:
        counts = super().counts(now, name)
        levels = self._queues[name].levels.values() if name in self._queues else ()
        over = sum(level.leased.count_until(now) for level in levels)
        return structs.replace(counts, ready=counts.ready - over, leased=counts.leased + over)


class Harness(PatchedHarness):
    store = Stuck
