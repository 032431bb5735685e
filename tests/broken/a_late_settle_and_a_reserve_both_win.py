"""A settle after the lease's end is answered as settled, and the next reserve has the job all the same."""

from __future__ import annotations

from jobkit.backend import Done, Settled, Settlement, SettleOutcome
from jobkit.backends.inline.state import StoredJob
from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "L6"


class Polite(Store):
    def _settle(self, now: int, job: StoredJob | None, settlement: Settlement) -> SettleOutcome:
        if job is not None and job.lease_end <= now and isinstance(settlement, Done):
            self._void(job)
            return Settled()
        return super()._settle(now, job, settlement)


class Harness(PatchedHarness):
    store = Polite
