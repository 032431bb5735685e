"""Closing a client waits for the answers that are on their way, for as long as that takes."""

from __future__ import annotations

import asyncio

from jobkit.backends.redis.backend import RedisBackend
from tests.broken.on_a_server import ServerHarness

RULE = "C2"


class Patient(RedisBackend):
    async def close(self) -> None:
        while self._carrier.channel._waiting:
            await asyncio.sleep(0.001)
        await super().close()


class Harness(ServerHarness):
    client = Patient
