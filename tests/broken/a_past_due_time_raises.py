"""A due time in the past makes a negative time to live, and an error (arq PR 479)."""

from __future__ import annotations

from jobkit.backend import EnqueueOutcome, Message
from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "T2"


class Negative(Store):
    def _accept(self, now: int, message: Message) -> EnqueueOutcome:
        if message.at is not None and message.at < now:
            raise ValueError("invalid expire time")
        return super()._accept(now, message)


class Harness(PatchedHarness):
    store = Negative
