"""An id is remembered from its enqueue on, and not from its end."""

from __future__ import annotations

from jobkit.backends.inline.state import StoredJob
from jobkit.backends.inline.store import Store
from jobkit.lifecycle import Transition
from tests.broken.patched import PatchedHarness

RULE = "E7"


class Early(Store):
    def _end(self, job: StoredJob, by: Transition, at: int) -> None:
        super()._end(job, by, job.since)


class Harness(PatchedHarness):
    store = Early
