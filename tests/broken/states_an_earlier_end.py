"""A delivery states an end that is a second before the one that is enforced."""

from __future__ import annotations

from msgspec import structs

from jobkit.backend import Delivery
from jobkit.backends.inline.state import StoredJob
from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "L10"


class Cautious(Store):
    def _grant(self, job: StoredJob, lease_end: int, token: str) -> Delivery:
        delivery = super()._grant(job, lease_end, token)
        return structs.replace(delivery, lease_end=lease_end - 1000)


class Harness(PatchedHarness):
    store = Cautious
