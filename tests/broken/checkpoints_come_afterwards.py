"""A lease is extended, and where its job is gets stored with the next command."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs

from jobkit.backend import ExtendOutcome, Extension
from jobkit.backends.redis.backend import RedisBackend
from tests.broken.on_a_server import ServerHarness

RULE = "P2"
TIER = "wire"


class Afterwards(RedisBackend):
    async def extend(self, extensions: Sequence[Extension]) -> list[ExtendOutcome]:
        outcomes = await super().extend([structs.replace(each, checkpoint=None) for each in extensions])
        carrying = [each for each in extensions if each.checkpoint is not None]
        if carrying:
            await super().extend(carrying)
        return outcomes


class Harness(ServerHarness):
    client = Afterwards
