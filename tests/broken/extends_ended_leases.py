"""An extension revives a lease that has run out."""

from __future__ import annotations

from jobkit.backend import ExtendOutcome, Extension
from jobkit.backends.inline.state import StoredJob
from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "L7"


class Reviving(Store):
    def _extend(self, now: int, job: StoredJob | None, extension: Extension) -> ExtendOutcome:
        if job is not None and job.lease_end <= now:
            self._displace(job)
            job.lease_end = now + 1
            self._place(job)
        return super()._extend(now, job, extension)


class Harness(PatchedHarness):
    store = Reviving
