"""A job that was done stays, among the dead."""

from __future__ import annotations

from jobkit.backend import Dead, Done, Settlement, SettleOutcome
from jobkit.backends.inline.state import StoredJob
from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "S1"


class Hoarding(Store):
    def _settle(self, now: int, job: StoredJob | None, settlement: Settlement) -> SettleOutcome:
        if isinstance(settlement, Done):
            settlement = Dead(settlement.token, "done")
        return super()._settle(now, job, settlement)


class Harness(PatchedHarness):
    store = Hoarding
