"""Times pass through Lua's tostring, which keeps 14 digits (bullmq #4242: 3e+8)."""

from __future__ import annotations

from msgspec import structs

from jobkit.backend import EnqueueOutcome, Message
from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "B4"


class Rounding(Store):
    def _accept(self, now: int, message: Message) -> EnqueueOutcome:
        if message.at is not None:
            message = structs.replace(message, at=int(float(f"{message.at:.14g}")))
        return super()._accept(now, message)


class Harness(PatchedHarness):
    store = Rounding
