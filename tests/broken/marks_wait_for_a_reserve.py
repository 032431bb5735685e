"""A cancelled job whose worker was lost ends when somebody reserves, and holds its key until then (saq PR 213)."""

from __future__ import annotations

from collections.abc import Sequence

from jobkit.backend import Delivery
from jobkit.backends.inline.sorted_index import SortedIndex
from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "X2"


class Lazy(Store):
    _reserving = False

    def begin(self, now: int) -> int:
        ending, self._ending = self._ending, SortedIndex()
        now = super().begin(now)
        self._ending = ending
        return now

    def reserve(self, now: int, queues: Sequence[str], limit: int, lease: int) -> list[Delivery]:
        super().begin(now)
        return super().reserve(now, queues, limit, lease)


class Harness(PatchedHarness):
    store = Lazy
