"""The key of a job that has ended is freed with the next command: whoever ends in between leaves it held for ever."""

from __future__ import annotations

from collections.abc import Sequence

from jobkit.backend import Dead, Done, Settlement, SettleOutcome
from jobkit.backends.redis.backend import RedisBackend
from jobkit.backends.redis.codec import read_token
from jobkit.backends.redis.requests import Command, Operation
from tests.broken.on_a_server import ServerHarness

RULE = "K2"
TIER = "wire"


class Afterwards(RedisBackend):
    async def settle(self, settlements: Sequence[Settlement]) -> list[SettleOutcome]:
        outcomes = await super().settle(settlements)
        ended = [read_token(each.token) for each in settlements if isinstance(each, (Done, Dead))]
        keys = [found[2].key for found in ended if found is not None and found[2].key]
        if keys:
            await self._drive(self._free(keys))
        return outcomes

    def _free(self, keys: Sequence[str]) -> Operation[None]:
        yield Command(["HDEL", self.keys.keys, *keys])


class Harness(ServerHarness):
    client = Afterwards
    edits = (("settle", "if key ~= '' then call('HDEL', keys, key) end", ""),)
