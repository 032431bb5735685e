"""A retry waits from the end of its lease on, also when it was settled long after that."""

from __future__ import annotations

from jobkit.backends.inline.state import StoredJob
from jobkit.backends.inline.store import Store
from jobkit.lifecycle import Transition
from tests.broken.patched import PatchedHarness

RULE = "S3"


class Backdating(Store):
    def _give_back(self, job: StoredJob, by: Transition, since: int) -> None:
        late = max(0, self._now - job.lease_end) if by is Transition.RETRY else 0
        super()._give_back(job, by, since - late)


class Harness(PatchedHarness):
    store = Backdating
