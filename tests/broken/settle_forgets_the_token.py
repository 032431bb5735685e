"""A worker that lost its lease settles the job under the one who holds it now."""

from __future__ import annotations

from jobkit.backends.inline.state import StoredJob
from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "L5"


class Forgetful(Store):
    """Every token ever issued goes on speaking for its job."""

    def _void(self, job: StoredJob) -> None:
        job.token = None


class Harness(PatchedHarness):
    store = Forgetful
