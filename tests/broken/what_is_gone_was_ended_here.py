"""A settle that finds no job answers that it has settled it: surely that was its own first try."""

from __future__ import annotations

from collections.abc import Sequence

from jobkit.backend import NotFound, Settled, Settlement, SettleOutcome, Stale
from jobkit.backends.redis.backend import RedisBackend
from jobkit.backends.redis.codec import read_token
from tests.broken.on_a_server import ServerHarness

RULE = "S8"
TIER = "wire"


class Surely(RedisBackend):
    async def settle(self, settlements: Sequence[Settlement]) -> list[SettleOutcome]:
        outcomes = await super().settle(settlements)
        for place, settlement in enumerate(settlements):
            found = read_token(settlement.token)
            if outcomes[place] == Stale() and found is not None and await self.get([found[2].id]) == [NotFound()]:
                outcomes[place] = Settled()
        return outcomes


class Harness(ServerHarness):
    client = Surely
