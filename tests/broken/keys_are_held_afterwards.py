"""A message is stored, and its key held with the next command: whoever ends in between has a job that holds none."""

from __future__ import annotations

from collections.abc import Sequence

from jobkit.backend import Accepted, EnqueueOutcome, Message
from jobkit.backends.redis.backend import RedisBackend
from jobkit.backends.redis.requests import Command, Operation, Word
from tests.broken.on_a_server import ServerHarness

RULE = "K1"
TIER = "wire"


class Afterwards(RedisBackend):
    async def enqueue(self, messages: Sequence[Message]) -> list[EnqueueOutcome]:
        outcomes = await super().enqueue(messages)
        held: list[Word] = []
        for message, outcome in zip(messages, outcomes, strict=True):
            held += [message.key, message.id] if message.key and isinstance(outcome, Accepted) else []
        if held:
            await self._drive(self._hold(held))
        return outcomes

    def _hold(self, held: Sequence[Word]) -> Operation[None]:
        yield Command(["HSET", self.keys.keys, *held])


class Harness(ServerHarness):
    client = Afterwards
    edits = (("enqueue", "if #held > 0 then call('HSET', keys, unpack(held)) end", ""),)
