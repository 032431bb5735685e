"""A batch with a stale item answers for the others only."""

from __future__ import annotations

from collections.abc import Iterable

from jobkit.backend import Settlement, SettleOutcome, Stale
from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "S9"


class Terse(Store):
    def settle(self, now: int, settlements: Iterable[Settlement]) -> list[SettleOutcome]:
        outcomes = super().settle(now, settlements)
        return [outcome for outcome in outcomes if not isinstance(outcome, Stale)] or outcomes


class Harness(PatchedHarness):
    store = Terse
