"""A job that comes back from the dead has lost the end of its body (as with sidekiq #2478, one path of many)."""

from __future__ import annotations

from msgspec import structs

from jobkit.backend import RequeueOutcome
from jobkit.backends.inline.state import StoredJob
from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "B1"


class Cutting(Store):
    def _requeue(self, now: int, job: StoredJob | None) -> RequeueOutcome:
        outcome = super()._requeue(now, job)
        if job is not None:
            job.message = structs.replace(job.message, body=job.message.body.rstrip(b"\x00\xff"))
        return outcome


class Harness(PatchedHarness):
    store = Cutting
