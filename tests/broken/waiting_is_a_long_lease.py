"""A delayed job is held like a leased one, and given out again after a visibility timeout (kombu #337)."""

from __future__ import annotations

from jobkit.backends.inline.state import StoredJob
from jobkit.backends.inline.store import Store
from jobkit.lifecycle import Phase
from tests.broken.patched import PatchedHarness

RULE = "T4"


VISIBILITY = 7 * 24 * 3_600_000


class Impatient(Store):
    def _place(self, job: StoredJob) -> None:
        if job.phase is Phase.WAITING:
            job.since = min(job.since, self._now + VISIBILITY)
        super()._place(job)


class Harness(PatchedHarness):
    store = Impatient
