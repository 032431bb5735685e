"""A client that waits for an answer until its connection ends: one that only falls silent keeps it for good."""

from __future__ import annotations

from typing import Any

from jobkit.backends.redis.executor import CommandExecutor
from tests.broken.on_a_server import ServerHarness

RULE = "D6"

FOR_EVER = 10**6


class Trusting(CommandExecutor):
    async def _carry(self, request: Any) -> Any:
        self.channel._timeout = FOR_EVER
        return await super()._carry(request)


class Harness(ServerHarness):
    carrier = Trusting
