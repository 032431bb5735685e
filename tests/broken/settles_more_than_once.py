"""A token that has settled its job settles it again (sidekiq #6770: a repeat that counts)."""

from __future__ import annotations

from jobkit.backend import Settled, Settlement, SettleOutcome
from jobkit.backends.inline.state import StoredJob
from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "S8"


class Repeating(Store):
    def __init__(self) -> None:
        super().__init__()
        self._settled: set[str] = set()

    def _settle(self, now: int, job: StoredJob | None, settlement: Settlement) -> SettleOutcome:
        if job is None and settlement.token in self._settled:
            return Settled()
        self._settled.add(settlement.token)
        return super()._settle(now, job, settlement)


class Harness(PatchedHarness):
    store = Repeating
