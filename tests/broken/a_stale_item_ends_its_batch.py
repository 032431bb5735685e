"""A batch stops at its first stale item (procrastinate #1446)."""

from __future__ import annotations

from collections.abc import Iterable

from jobkit.backend import Settlement, SettleOutcome, Stale
from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "S9"


class Stopping(Store):
    def settle(self, now: int, settlements: Iterable[Settlement]) -> list[SettleOutcome]:
        outcomes: list[SettleOutcome] = []
        for settlement in settlements:
            stopped = outcomes and isinstance(outcomes[-1], Stale)
            outcomes += [Stale()] if stopped else super().settle(now, [settlement])
        return outcomes


class Harness(PatchedHarness):
    store = Stopping
