"""A retry lets go of its key, and takes it again with the next command: whoever ends in between has lost it."""

from __future__ import annotations

from collections.abc import Sequence

from jobkit.backend import RetryAt, Settlement, SettleOutcome
from jobkit.backends.redis.backend import RedisBackend
from jobkit.backends.redis.codec import JobRef, read_token
from jobkit.backends.redis.requests import Command, Operation
from tests.broken.on_a_server import ServerHarness

RULE = "K3"
TIER = "wire"


class Afterwards(RedisBackend):
    async def settle(self, settlements: Sequence[Settlement]) -> list[SettleOutcome]:
        outcomes = await super().settle(settlements)
        again = [read_token(each.token) for each in settlements if isinstance(each, RetryAt)]
        refs = [found[2] for found in again if found is not None and found[2].key]
        if refs:
            await self._drive(self._take_again(refs))
        return outcomes

    def _take_again(self, refs: Sequence[JobRef]) -> Operation[None]:
        for ref in refs:
            yield Command(["HSETNX", self.keys.keys, ref.key, ref.id])


class Harness(ServerHarness):
    client = Afterwards
    edits = (
        ("settle", "if how == 'retry' then", "if how == 'retry' then if key ~= '' then call('HDEL', keys, key) end"),
    )
