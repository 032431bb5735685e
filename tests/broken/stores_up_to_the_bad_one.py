"""Each message is checked when its turn comes: those before a bad one are stored."""

from __future__ import annotations

from collections.abc import Sequence

from jobkit.backend import EnqueueOutcome, Message
from jobkit.backends.inline.backend import InlineBackend
from tests.broken.patched import PatchedHarness

RULE = "E2"


class Eager(InlineBackend):
    async def enqueue(self, messages: Sequence[Message]) -> list[EnqueueOutcome]:
        return [outcome for message in messages for outcome in await super(Eager, self).enqueue([message])]


class Harness(PatchedHarness):
    client = Eager
