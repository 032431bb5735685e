"""Equals are granted in the wrong order: the newest first."""

from __future__ import annotations

from collections.abc import Iterable

from jobkit.backend import EnqueueOutcome, Message
from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "O1"


class NewestFirst(Store):
    def enqueue(self, now: int, messages: Iterable[Message]) -> list[EnqueueOutcome]:
        self._seq -= 2
        return super().enqueue(now, messages)


class Harness(PatchedHarness):
    store = NewestFirst
