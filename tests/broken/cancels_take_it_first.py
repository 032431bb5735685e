"""A cancel takes the job like a worker, so that nobody starts it, and then ends it: in between it is leased."""

from __future__ import annotations

from collections.abc import Sequence

from jobkit.backend import Cancelled, CancelOutcome, Done, Release
from jobkit.backends.redis.backend import RedisBackend
from tests.broken.on_a_server import ServerHarness

RULE = "X1"
TIER = "wire"
LONG = 3_600_000


class Taking(RedisBackend):
    async def cancel(self, ids: Sequence[str]) -> list[CancelOutcome]:
        found = await self.reserve(await self.queues(), limit=100, lease=LONG)
        mine = {delivery.message.id: delivery.token for delivery in found if delivery.message.id in ids}
        others = [Release(delivery.token) for delivery in found if delivery.message.id not in ids]
        await self.settle([*others, *map(Done, mine.values())])
        left = iter(await super().cancel([id for id in ids if id not in mine]))
        return [Cancelled() if id in mine else next(left) for id in ids]


class Harness(ServerHarness):
    client = Taking
