"""A job that is given back loses its key (sidekiq-unique-jobs #812)."""

from __future__ import annotations

from jobkit.backends.inline.state import StoredJob
from jobkit.backends.inline.store import Store
from jobkit.lifecycle import Transition
from tests.broken.patched import PatchedHarness

RULE = "K3"


class Dropping(Store):
    def _give_back(self, job: StoredJob, by: Transition, since: int) -> None:
        super()._give_back(job, by, since)
        if by is Transition.RELEASE:
            self._free_key(job)

    def _free_key(self, job: StoredJob) -> None:
        self._holders.pop(job.message.key or "", None)


class Harness(PatchedHarness):
    store = Dropping
