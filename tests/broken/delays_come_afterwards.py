"""A retry is ready at once, and its time is set with the next command."""

from __future__ import annotations

from collections.abc import Sequence

from jobkit.backend import RetryAt, Settlement, SettleOutcome
from jobkit.backends.redis.backend import RedisBackend
from jobkit.backends.redis.codec import read_token
from jobkit.backends.redis.requests import Command, Operation
from tests.broken.on_a_server import ServerHarness

RULE = "S3"
TIER = "wire"


class Afterwards(RedisBackend):
    async def settle(self, settlements: Sequence[Settlement]) -> list[SettleOutcome]:
        outcomes = await super().settle(
            [RetryAt(each.token, after=0) if isinstance(each, RetryAt) else each for each in settlements]
        )
        for each in settlements:
            if isinstance(each, RetryAt) and each.after:
                await self._drive(self._put_off(each.token, each.after))
        return outcomes

    def _put_off(self, token: str, milliseconds: int) -> Operation[None]:
        found = read_token(token)
        assert found is not None
        ref = found[2]
        yield Command(["ZINCRBY", self.keys.waiting(ref.queue, ref.priority), milliseconds, ref.member])


class Harness(ServerHarness):
    client = Afterwards
