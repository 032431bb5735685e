"""A delay of more than 2**31 milliseconds is over at once (bull #244)."""

from __future__ import annotations

from jobkit.backend import Accepted, EnqueueOutcome, Message
from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "T3"


class Narrow(Store):
    def _accept(self, now: int, message: Message) -> EnqueueOutcome:
        outcome = super()._accept(now, message)
        job = self._jobs.get(message.id)
        if isinstance(outcome, Accepted) and job is not None and (message.after or 0) >= 2**31:
            self._displace(job)
            job.since = now
            self._jobs[message.id] = job
            self._place(job)
        return outcome


class Harness(PatchedHarness):
    store = Narrow
