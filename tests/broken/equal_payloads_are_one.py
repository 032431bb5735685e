"""Waiting jobs are a set of payloads, so of two equal ones there is one (wakaq: ZADD NX)."""

from __future__ import annotations

from msgspec import structs

from jobkit.backend import Accepted, Duplicate, EnqueueOutcome, Message
from jobkit.backends.inline.store import Store
from jobkit.lifecycle import Phase
from tests.broken.patched import PatchedHarness

RULE = "E11"


class Deduplicating(Store):
    def _accept(self, now: int, message: Message) -> EnqueueOutcome:
        for job in self._jobs.values():
            if job.phase is Phase.WAITING and structs.replace(job.message, id=message.id) == message:
                return Accepted(due=job.since) if job.message.id != message.id else Duplicate()
        return super()._accept(now, message)


class Harness(PatchedHarness):
    store = Deduplicating
