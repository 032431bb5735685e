"""A dead job goes on holding its key (asynq #492)."""

from __future__ import annotations

from jobkit.backends.inline.state import StoredJob
from jobkit.backends.inline.store import Store
from jobkit.lifecycle import Phase
from tests.broken.patched import PatchedHarness

RULE = "K2"


class Clinging(Store):
    def _free_key(self, job: StoredJob) -> None:
        if job.phase is not Phase.DEAD:
            super()._free_key(job)


class Harness(PatchedHarness):
    store = Clinging
