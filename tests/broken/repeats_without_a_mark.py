"""A client that sends an enqueue again after a lost reply, as if it were a new one (sidekiq #3303)."""

from __future__ import annotations

from typing import Any

from jobkit.backends.redis.executor import CommandExecutor
from jobkit.backends.redis.request_factory import Request
from tests.broken.on_a_server import ServerHarness

RULE = "E4"


class Unmarked(CommandExecutor):
    async def _send(self, marked: Request) -> Any:
        return await super()._send(self._requests.begin(marked._request))


class Harness(ServerHarness):
    carrier = Unmarked
