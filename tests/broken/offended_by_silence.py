"""A client that once waited in vain for an answer takes its server for dead, and never asks it again (celery #8030)."""

from __future__ import annotations

from typing import Any

from redis.exceptions import TimeoutError as RedisTimeoutError

from jobkit.backends.redis.executor import CommandExecutor
from jobkit.errors import BackendUnavailable
from tests.broken.on_a_server import ServerHarness

RULE = "D2"


class Offended(CommandExecutor):
    silent = False

    async def _send(self, marked: Any) -> Any:
        if self.silent:
            raise BackendUnavailable("the server is gone") from RedisTimeoutError()
        try:
            return await super()._send(marked)
        except RedisTimeoutError:
            self.silent = True
            raise


class Harness(ServerHarness):
    carrier = Offended
