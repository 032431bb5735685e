"""A reserve that names a paused queue is granted nothing of the others either."""

from __future__ import annotations

from collections.abc import Sequence

from jobkit.backend import Delivery
from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "P1"


class AllOrNothing(Store):
    def reserve(self, now: int, queues: Sequence[str], limit: int, lease: int) -> list[Delivery]:
        if not self._paused.isdisjoint(queues):
            return []
        return super().reserve(now, queues, limit, lease)


class Harness(PatchedHarness):
    store = AllOrNothing
