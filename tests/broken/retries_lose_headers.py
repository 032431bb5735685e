"""A retry writes back the message without its headers (pg-boss #529: options that were not carried on)."""

from __future__ import annotations

from msgspec import structs

from jobkit.backends.inline.state import StoredJob
from jobkit.backends.inline.store import Store
from jobkit.lifecycle import Transition
from tests.broken.patched import PatchedHarness

RULE = "B2"


class Forgetful(Store):
    def _give_back(self, job: StoredJob, by: Transition, since: int) -> None:
        super()._give_back(job, by, since)
        job.message = structs.replace(job.message, headers={})


class Harness(PatchedHarness):
    store = Forgetful
