"""A batch whose first id is known is taken for one that has arrived altogether."""

from __future__ import annotations

from collections.abc import Iterable

from jobkit.backend import Duplicate, EnqueueOutcome, Message
from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "E5"


class Hasty(Store):
    def enqueue(self, now: int, messages: Iterable[Message]) -> list[EnqueueOutcome]:
        batch = list(messages)
        if batch and batch[0] == getattr(self._jobs.get(batch[0].id), "message", None):
            return [Duplicate() for _ in batch]
        return super().enqueue(now, batch)


class Harness(PatchedHarness):
    store = Hasty
