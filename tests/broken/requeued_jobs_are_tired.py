"""A requeued job goes on with the attempts that it had."""

from __future__ import annotations

from jobkit.backend import RequeueOutcome
from jobkit.backends.inline.state import StoredJob
from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "S6"


class Remembering(Store):
    def _requeue(self, now: int, job: StoredJob | None) -> RequeueOutcome:
        attempt = 0 if job is None else job.attempt
        outcome = super()._requeue(now, job)
        if job is not None:
            job.attempt = attempt
        return outcome


class Harness(PatchedHarness):
    store = Remembering
