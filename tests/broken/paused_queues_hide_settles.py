"""While its queue is paused nobody has a job of it, so a settle is stale."""

from __future__ import annotations

from jobkit.backend import Settlement, SettleOutcome, Stale
from jobkit.backends.inline.state import StoredJob
from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "P1"


class Hiding(Store):
    def _settle(self, now: int, job: StoredJob | None, settlement: Settlement) -> SettleOutcome:
        if job is not None and job.message.queue in self._paused:
            return Stale()
        return super()._settle(now, job, settlement)


class Harness(PatchedHarness):
    store = Hiding
