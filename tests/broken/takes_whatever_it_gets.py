"""What is no message that can be stored is bent until it is one."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs

from jobkit.backend import EnqueueOutcome, Message
from jobkit.backends.inline.backend import InlineBackend
from tests.broken.patched import PatchedHarness

RULE = "B6"


class Bending(InlineBackend):
    async def enqueue(self, messages: Sequence[Message]) -> list[EnqueueOutcome]:
        return await super().enqueue([structs.replace(one, body=bytes(one.body)) for one in messages])


class Harness(PatchedHarness):
    client = Bending
