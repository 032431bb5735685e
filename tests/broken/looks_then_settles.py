"""Whose a job is gets looked at, and then it is settled by its id: whoever was granted it in between loses it."""

from __future__ import annotations

from collections.abc import Sequence

from jobkit.backend import Settlement, SettleOutcome, Stale
from jobkit.backends.redis.backend import RedisBackend
from jobkit.backends.redis.codec import read_token
from jobkit.backends.redis.requests import Command, Operation
from tests.broken.on_a_server import ServerHarness

RULE = "L5"
TIER = "wire"


class Looking(RedisBackend):
    async def settle(self, settlements: Sequence[Settlement]) -> list[SettleOutcome]:
        mine = await self._drive(self._are_mine([each.token for each in settlements]))
        outcomes = iter(await super().settle([each for each in settlements if each.token in mine] or settlements[:0]))
        return [next(outcomes) if each.token in mine else Stale() for each in settlements]

    def _are_mine(self, tokens: Sequence[str]) -> Operation[set[str]]:
        mine = set[str]()
        for token in tokens:
            found = read_token(token)
            reply = (yield Command(["HGET", self.keys.state, found[2].id])) if found else None
            if found and reply and reply.value and reply.value.endswith(b" " + found[0].encode()):
                mine.add(token)
        return mine


class Harness(ServerHarness):
    client = Looking
    edits = (("settle", "if not kept or kept.token ~= token then", "if not kept then"),)
