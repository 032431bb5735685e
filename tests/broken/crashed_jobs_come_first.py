"""What is given back goes to the front: one that crashes blocks all others (bee-queue #52)."""

from __future__ import annotations

from jobkit.backends.inline.state import StoredJob
from jobkit.backends.inline.store import Store
from jobkit.lifecycle import Transition
from tests.broken.patched import PatchedHarness

RULE = "L9"


class Impatient(Store):
    def _give_back(self, job: StoredJob, by: Transition, since: int) -> None:
        super()._give_back(job, by, job.since if by in (Transition.RELEASE, Transition.RETRY) else since)


class Harness(PatchedHarness):
    store = Impatient
