"""A job that was released comes back when its lease ends (faktory #268)."""

from __future__ import annotations

from jobkit.backend import Release, Settled, Settlement, SettleOutcome
from jobkit.backends.inline.state import StoredJob
from jobkit.backends.inline.store import Store
from jobkit.lifecycle import Phase
from tests.broken.patched import PatchedHarness

RULE = "S4"


class Lingering(Store):
    def _settle(self, now: int, job: StoredJob | None, settlement: Settlement) -> SettleOutcome:
        if job is not None and isinstance(settlement, Release) and job.phase is Phase.LEASED:
            self._void(job)
            job.released = True
            return Settled()
        return super()._settle(now, job, settlement)


class Harness(PatchedHarness):
    store = Lingering
