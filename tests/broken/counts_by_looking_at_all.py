"""Counting looks at every job."""

from __future__ import annotations

from jobkit.backend import Counts
from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "G3"


class Scanning(Store):
    def counts(self, now: int, name: str) -> Counts:
        queue = sum(job.message.queue == name for job in self._jobs.values())
        counts = super().counts(now, name)
        assert queue == counts.scheduled + counts.ready + counts.leased + counts.dead
        return counts


class Harness(PatchedHarness):
    store = Scanning
