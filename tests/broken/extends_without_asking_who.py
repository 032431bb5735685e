"""A lease is extended for whoever once had the job (redbeat #127, streaq 7.2.0)."""

from __future__ import annotations

from jobkit.backend import Delivery, ExtendOutcome, Extension
from jobkit.backends.inline.state import StoredJob
from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "L5"


class Trusting(Store):
    def __init__(self) -> None:
        super().__init__()
        self._once: dict[str, StoredJob] = {}

    def _grant(self, job: StoredJob, lease_end: int, token: str) -> Delivery:
        self._once[token] = job
        return super()._grant(job, lease_end, token)

    def _extend(self, now: int, job: StoredJob | None, extension: Extension) -> ExtendOutcome:
        once = self._once.get(extension.token)
        if job is None and once is not None and once.token is not None:
            job = once
        return super()._extend(now, job, extension)


class Harness(PatchedHarness):
    store = Trusting
