"""The lowest priority is granted first (celery #8967)."""

from __future__ import annotations

from collections.abc import Sequence

from jobkit.backend import Delivery
from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "O1"


class UpsideDown(Store):
    def reserve(self, now: int, queues: Sequence[str], limit: int, lease: int) -> list[Delivery]:
        for queue in self._queues.values():
            queue.levels = dict(sorted(queue.levels.items()))
        return super().reserve(now, queues, limit, lease)


class Harness(PatchedHarness):
    store = UpsideDown
