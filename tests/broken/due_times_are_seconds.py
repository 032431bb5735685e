"""Due times are cut to whole seconds (rq registry.py:650)."""

from __future__ import annotations

from jobkit.backends.inline.state import StoredJob
from jobkit.backends.inline.store import Store
from jobkit.lifecycle import Phase
from tests.broken.patched import PatchedHarness

RULE = "T1"


class Coarse(Store):
    def _place(self, job: StoredJob) -> None:
        if job.phase is Phase.WAITING and job.since > self._now:
            job.since = job.since // 1000 * 1000
        super()._place(job)


class Harness(PatchedHarness):
    store = Coarse
