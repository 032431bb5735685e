"""The store keeps the caller's own headers (taskiq PR 154)."""

from __future__ import annotations

from collections.abc import Sequence

from jobkit.backend import EnqueueOutcome, Message
from jobkit.backends.inline.backend import InlineBackend
from jobkit.validation import check_messages
from tests.broken.patched import PatchedHarness

RULE = "B5"


class Sharing(InlineBackend):
    def _enqueue(self, messages: Sequence[Message]) -> list[EnqueueOutcome]:
        check_messages(messages, self.capabilities)
        return self._change(lambda store, now: store.enqueue(now, messages))


class Harness(PatchedHarness):
    client = Sharing
