"""A retry ends the lease, and puts the job back among those that wait with the next command."""

from __future__ import annotations

import time
from collections.abc import Sequence

from jobkit.backend import RetryAt, Settlement, SettleOutcome
from jobkit.backends.redis.backend import RedisBackend
from jobkit.backends.redis.codec import read_token
from jobkit.backends.redis.requests import Command, Operation
from tests.broken.on_a_server import ServerHarness

RULE = "S2"
TIER = "wire"
BACK = "call('ZADD', waiting, int(since), member)"


class TwoCommands(RedisBackend):
    async def settle(self, settlements: Sequence[Settlement]) -> list[SettleOutcome]:
        outcomes = await super().settle(settlements)
        for each in settlements:
            if isinstance(each, RetryAt):
                await self._drive(self._put_back(each.token, each.after or 0))
        return outcomes

    def _put_back(self, token: str, milliseconds: int) -> Operation[None]:
        found = read_token(token)
        assert found is not None
        ref, since = found[2], time.time_ns() // 1_000_000 + milliseconds
        yield Command(["ZADD", self.keys.waiting(ref.queue, ref.priority), since, ref.member])


class Harness(ServerHarness):
    client = TwoCommands
    edits = (("settle", BACK, f"if how ~= 'retry' then {BACK} end"),)
