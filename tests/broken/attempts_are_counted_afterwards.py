"""A reserve grants, and counts the attempt with the next command: one that ends its process there is free, for ever."""

from __future__ import annotations

from collections.abc import Sequence

from jobkit.backend import Delivery
from jobkit.backends.redis.backend import RedisBackend
from jobkit.backends.redis.commands import ReserveResult
from jobkit.backends.redis.requests import Command, Operation
from tests.broken.on_a_server import ServerHarness

RULE = "L2"
TIER = "wire"

COUNT = """
local text = redis.call('HGET', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[1], ARGV[1], (string.gsub(text, '^%d+', ARGV[2])))
"""
AGAIN = "number, attempt, written = kept.number, kept.attempt, write_state(kept)"
FIRST = "written or first_state(token)"


class Afterwards(RedisBackend):
    async def _take(self, queues: Sequence[str], limit: int, lease: int) -> ReserveResult:
        taken = await super()._take(queues, limit, lease)
        if taken.deliveries:
            await self._drive(self._count(taken.deliveries))
        return taken

    def _count(self, deliveries: Sequence[Delivery]) -> Operation[None]:
        for delivery in deliveries:
            yield Command(["EVAL", COUNT, 1, self.keys.state, delivery.message.id, delivery.attempt])


class Harness(ServerHarness):
    client = Afterwards
    edits = (
        (
            "reserve",
            AGAIN,
            "number, attempt = kept.number, kept.attempt kept.attempt = attempt - 1 written = write_state(kept)",
        ),
        ("reserve", FIRST, "written or (string.gsub(first_state(token), '^%d+', '0'))"),
    )
