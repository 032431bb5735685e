"""A checkpoint is kept by the id of its job, and is there again when the id is."""

from __future__ import annotations

from jobkit.backend import Delivery, ExtendOutcome, Extension
from jobkit.backends.inline.state import StoredJob
from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "P2"


class ById(Store):
    def __init__(self) -> None:
        super().__init__()
        self._checkpoints: dict[str, bytes | None] = {}

    def _grant(self, job: StoredJob, lease_end: int, token: str) -> Delivery:
        job.checkpoint = self._checkpoints.get(job.message.id)
        return super()._grant(job, lease_end, token)

    def _extend(self, now: int, job: StoredJob | None, extension: Extension) -> ExtendOutcome:
        outcome = super()._extend(now, job, extension)
        if job is not None and job.checkpoint is not None:
            self._checkpoints[job.message.id] = job.checkpoint
        return outcome


class Harness(PatchedHarness):
    store = ById
