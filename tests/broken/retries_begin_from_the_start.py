"""A retry writes the job anew, without where it was."""

from __future__ import annotations

from jobkit.backend import RetryAt, Settlement, SettleOutcome
from jobkit.backends.inline.state import StoredJob
from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "P2"


class Anew(Store):
    def _settle(self, now: int, job: StoredJob | None, settlement: Settlement) -> SettleOutcome:
        if job is not None and isinstance(settlement, RetryAt):
            job.checkpoint = None
        return super()._settle(now, job, settlement)


class Harness(PatchedHarness):
    store = Anew
