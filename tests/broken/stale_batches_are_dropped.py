"""A batch is looked at first, and with one stale item in it none of it is settled."""

from __future__ import annotations

from collections.abc import Sequence

from jobkit.backend import Settlement, SettleOutcome, Stale, Stored
from jobkit.backends.redis.backend import RedisBackend
from jobkit.backends.redis.codec import read_token
from jobkit.lifecycle import State
from tests.broken.on_a_server import ServerHarness

RULE = "S9"
TIER = "wire"


class Whole(RedisBackend):
    async def settle(self, settlements: Sequence[Settlement]) -> list[SettleOutcome]:
        found = [read_token(each.token) for each in settlements]
        stored = await self.get([each[2].id for each in found if each is not None])
        if not all(isinstance(each, Stored) and each.state is not State.DEAD for each in stored):
            return [Stale() for _ in settlements]
        return await super().settle(settlements)


class Harness(ServerHarness):
    client = Whole
