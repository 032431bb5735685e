"""A job that is given back has the lowest priority (kombu #2026)."""

from __future__ import annotations

from msgspec import structs

from jobkit.backends.inline.state import StoredJob
from jobkit.backends.inline.store import Store
from jobkit.lifecycle import Transition
from tests.broken.patched import PatchedHarness

RULE = "O3"


class Demoting(Store):
    def _give_back(self, job: StoredJob, by: Transition, since: int) -> None:
        super()._give_back(job, by, since)
        self._displace(job)
        job.message = structs.replace(job.message, priority=0)
        self._place(job)


class Harness(PatchedHarness):
    store = Demoting
