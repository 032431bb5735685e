"""A due time is kept as the host's local time, and read back as if there were no daylight saving (rq PR 1258)."""

from __future__ import annotations

import calendar
import time

from msgspec import structs

from jobkit.backend import EnqueueOutcome, Message
from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "T3"


class Local(Store):
    def _accept(self, now: int, message: Message) -> EnqueueOutcome:
        if message.at is None:
            return super()._accept(now, message)
        seconds, part = divmod(message.at, 1000)
        stored = calendar.timegm(time.localtime(seconds)) + time.timezone
        return super()._accept(now, structs.replace(message, at=max(stored * 1000 + part, 0)))


class Harness(PatchedHarness):
    store = Local
