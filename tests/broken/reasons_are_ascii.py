"""Reasons lose every character that is not ASCII."""

from __future__ import annotations

from jobkit.backend import Dead, Settlement, SettleOutcome
from jobkit.backends.inline.state import StoredJob
from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "S5"


class Plain(Store):
    def _settle(self, now: int, job: StoredJob | None, settlement: Settlement) -> SettleOutcome:
        if isinstance(settlement, Dead):
            settlement = Dead(settlement.token, settlement.reason.encode("ascii", "replace").decode())
        return super()._settle(now, job, settlement)


class Harness(PatchedHarness):
    store = Plain
