"""A job is taken for good by one command, and its lease is said by the next (the Redis backend; rq #2236)."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs

from jobkit.backend import Extension
from jobkit.backends.redis.backend import RedisBackend
from jobkit.backends.redis.commands import ReserveResult
from jobkit.clock import Clock
from jobkit.testing.redis.harness import FakeHarness
from jobkit_conformance.harness import Wire

RULE = "R4"

FOR_EVER = 10**12


class TwoCommands(RedisBackend):
    async def _take(self, queues: Sequence[str], limit: int, lease: int) -> ReserveResult:
        taken = await super()._take(queues, limit, FOR_EVER)
        if taken.deliveries:
            await self.extend([Extension(delivery.token, lease) for delivery in taken.deliveries])
        ends = [structs.replace(each, lease_end=each.lease_end - FOR_EVER + lease) for each in taken.deliveries]
        return ReserveResult(ends, taken.now, taken.next_due)


class Harness(FakeHarness):
    async def open(self, namespace: str, clock: Clock | None) -> RedisBackend:
        backend = await super().open(namespace, clock)
        backend.__class__ = TwoCommands
        return backend

    async def simulate(self, namespace: str, clock: Clock, wire: Wire) -> RedisBackend:
        backend = await super().simulate(namespace, clock, wire)
        backend.__class__ = TwoCommands
        return backend

    def describe(self) -> str:
        return "the Redis backend on fakeredis, broken: a lease in two commands"
