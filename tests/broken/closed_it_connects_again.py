"""A client that is closed between two of its steps connects again for the next, and nobody closes that."""

from __future__ import annotations

from jobkit.backends.redis.backend import RedisBackend
from jobkit.backends.redis.connection import PipelinedConnection
from tests.broken.on_a_server import ServerHarness

RULE = "G4"


class Restless(PipelinedConnection):
    async def _connect(self) -> None:
        self._closed = False
        await super()._connect()


class Harness(ServerHarness):
    def _broken(self, backend: RedisBackend) -> RedisBackend:
        backend._carrier.channel.__class__ = Restless
        return super()._broken(backend)
