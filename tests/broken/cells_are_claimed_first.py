"""A cell is claimed with nothing in it, and then filled."""

from __future__ import annotations

from jobkit.backends.redis.backend import RedisBackend
from tests.broken.on_a_server import ServerHarness

RULE = "P3"
TIER = "wire"


class Claiming(RedisBackend):
    async def cell_set(self, name: str, value: bytes, expected_version: int) -> int | None:
        version = await super().cell_set(name, b"", expected_version)
        return None if version is None else await super().cell_set(name, value, version)


class Harness(ServerHarness):
    client = Claiming
