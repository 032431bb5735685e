"""A requeued job is numbered from one again."""

from __future__ import annotations

from jobkit.backend import Requeued, RequeueOutcome
from jobkit.backends.inline.state import StoredJob
from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "L3"


class Renumbering(Store):
    def _requeue(self, now: int, job: StoredJob | None) -> RequeueOutcome:
        outcome = super()._requeue(now, job)
        if job is not None and isinstance(outcome, Requeued):
            job.number = 0
        return outcome


class Harness(PatchedHarness):
    store = Renumbering
