"""A settle after the lease's end is refused, although nobody took the job."""

from __future__ import annotations

from jobkit.backend import Settlement, SettleOutcome
from jobkit.backends.inline.state import StoredJob
from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "L6"


class Punctual(Store):
    def _settle(self, now: int, job: StoredJob | None, settlement: Settlement) -> SettleOutcome:
        return super()._settle(now, job if job is None or job.lease_end > now else None, settlement)


class Harness(PatchedHarness):
    store = Punctual
