"""Bodies are decoded as text on their way back to a worker: bytes that are none are lost."""

from __future__ import annotations

from msgspec import structs

from jobkit.backend import Delivery
from jobkit.backends.inline.state import StoredJob
from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "B1"


class Textual(Store):
    def _grant(self, job: StoredJob, lease_end: int, token: str) -> Delivery:
        delivery = super()._grant(job, lease_end, token)
        body = delivery.message.body.decode("utf-8", "replace").encode()
        return structs.replace(delivery, message=structs.replace(delivery.message, body=body))


class Harness(PatchedHarness):
    store = Textual
