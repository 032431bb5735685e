"""A token is the id of the job and the number of the delivery (oxana #154: an identity that comes again)."""

from __future__ import annotations

from jobkit.backend import Delivery
from jobkit.backends.inline.state import StoredJob
from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "L4"


class Counting(Store):
    def _grant(self, job: StoredJob, lease_end: int, token: str) -> Delivery:
        return super()._grant(job, lease_end, f"delivery-{job.number + 1:08}-of-{job.message.id}")


class Harness(PatchedHarness):
    store = Counting
