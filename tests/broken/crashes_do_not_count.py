"""A redelivery after a crash is not counted (dramatiq #213, sidekiq #4633)."""

from __future__ import annotations

from jobkit.backend import Delivery
from jobkit.backends.inline.state import StoredJob
from jobkit.backends.inline.store import Store
from jobkit.lifecycle import Phase
from tests.broken.patched import PatchedHarness

RULE = "L2"


class Lenient(Store):
    def _grant(self, job: StoredJob, lease_end: int, token: str) -> Delivery:
        if job.phase is Phase.LEASED:
            job.attempt -= 1
        return super()._grant(job, lease_end, token)


class Harness(PatchedHarness):
    store = Lenient
