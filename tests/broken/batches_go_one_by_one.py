"""A batch is sent message by message: whoever ends in between has stored the first half (a loop around one insert)."""

from __future__ import annotations

from collections.abc import Sequence

from jobkit.backend import EnqueueOutcome, Message
from jobkit.backends.redis.backend import RedisBackend
from tests.broken.on_a_server import ServerHarness

RULE = "E1"
TIER = "wire"


class OneByOne(RedisBackend):
    async def enqueue(self, messages: Sequence[Message]) -> list[EnqueueOutcome]:
        outcomes: list[EnqueueOutcome] = []
        for message in messages:
            outcomes += await super().enqueue([message])
        return outcomes


class Harness(ServerHarness):
    client = OneByOne
