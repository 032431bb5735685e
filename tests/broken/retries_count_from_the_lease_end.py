"""A retry waits from the end of its lease on, also when it was settled long after that."""

from __future__ import annotations

from jobkit.backends.inline.state import Job
from jobkit.backends.inline.store import Store
from jobkit.lifecycle import Move
from tests.broken.patched import PatchedHarness

RULE = "S3"


class Backdating(Store):
    def _give_back(self, job: Job, by: Move, since: int) -> None:
        late = max(0, self._now - job.lease_end) if by is Move.RETRY else 0
        super()._give_back(job, by, since - late)


class Harness(PatchedHarness):
    store = Backdating
