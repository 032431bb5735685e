"""A job that is given back loses its key (sidekiq-unique-jobs #812)."""

from __future__ import annotations

from jobkit.backends.inline.state import Job
from jobkit.backends.inline.store import Store
from jobkit.lifecycle import Move
from tests.broken.patched import PatchedHarness

RULE = "K3"


class Dropping(Store):
    def _give_back(self, job: Job, by: Move, since: int) -> None:
        super()._give_back(job, by, since)
        if by is Move.RELEASE:
            self._free_key(job)

    def _free_key(self, job: Job) -> None:
        self._holders.pop(job.message.key or "", None)


class Harness(PatchedHarness):
    store = Dropping
