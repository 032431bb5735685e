"""A reserve is sent again after a lost reply: what it took the first time is nobody's, and the answer hides it."""

from __future__ import annotations

from msgspec import structs

from jobkit.backends.redis.executor import CommandExecutor
from jobkit.backends.redis.requests import Command, Reply, ScriptCall
from tests.broken.on_a_server import ServerHarness

RULE = "D6"


class Again(CommandExecutor):
    async def _carry(self, request: ScriptCall | Command) -> Reply:
        return await super()._carry(
            structs.replace(request, not_retryable=False) if isinstance(request, ScriptCall) else request
        )


class Harness(ServerHarness):
    carrier = Again
