"""A batch is stored message by message, and others may look in between."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from jobkit.backend import EnqueueOutcome, Message
from jobkit.backends.inline.backend import InlineBackend
from jobkit.validation import check_messages
from tests.broken.patched import PatchedHarness

RULE = "E1"


class Piecemeal(InlineBackend):
    async def enqueue(self, messages: Sequence[Message]) -> list[EnqueueOutcome]:
        check_messages(messages, self.capabilities)
        outcomes: list[EnqueueOutcome] = []
        for message in messages:
            outcomes += await super().enqueue([message])
            await asyncio.sleep(0)
        return outcomes


class Harness(PatchedHarness):
    client = Piecemeal
