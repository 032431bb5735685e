"""Deleting a job leaves its key behind (asynq #275)."""

from __future__ import annotations

from jobkit.backend import DeleteOutcome
from jobkit.backends.inline.state import StoredJob
from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "K2"


class Leaving(Store):
    def _delete(self, job: StoredJob | None) -> DeleteOutcome:
        holders = dict(self._holders)
        outcome = super()._delete(job)
        self._holders = holders
        return outcome


class Harness(PatchedHarness):
    store = Leaving
