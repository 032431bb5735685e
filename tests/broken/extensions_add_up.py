"""An extension is added to the end that the lease has."""

from __future__ import annotations

from msgspec import structs

from jobkit.backend import ExtendOutcome, Extension
from jobkit.backends.inline.state import StoredJob
from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "L8"


class Adding(Store):
    def _extend(self, now: int, job: StoredJob | None, extension: Extension) -> ExtendOutcome:
        if job is not None and job.lease_end > now:
            extension = structs.replace(extension, lease=job.lease_end - now + extension.lease)
        return super()._extend(now, job, extension)


class Harness(PatchedHarness):
    store = Adding
