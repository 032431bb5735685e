"""A job that is given back has used up an attempt (arq #267)."""

from __future__ import annotations

from jobkit.backend import Delivery
from jobkit.backends.inline.state import StoredJob
from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "L2"


class Strict(Store):
    def _grant(self, job: StoredJob, lease_end: int, token: str) -> Delivery:
        job.released = False
        return super()._grant(job, lease_end, token)


class Harness(PatchedHarness):
    store = Strict
