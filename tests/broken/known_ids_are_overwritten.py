"""An id that is there takes the body of the newest message with it."""

from __future__ import annotations

from msgspec import structs

from jobkit.backend import EnqueueOutcome, Message
from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "E3"


class Overwriting(Store):
    def _accept(self, now: int, message: Message) -> EnqueueOutcome:
        job = self._jobs.get(message.id)
        if job is not None:
            job.message = structs.replace(job.message, body=message.body)
        return super()._accept(now, message)


class Harness(PatchedHarness):
    store = Overwriting
