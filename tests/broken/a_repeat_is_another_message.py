"""What a caller repeats was sent at another time, so it is taken for another message of the same id."""

from __future__ import annotations

from msgspec import structs

from jobkit.backends.redis.executor import CommandExecutor
from jobkit.backends.redis.requests import Command, Reply, ScriptCall
from tests.broken.on_a_server import ServerHarness

RULE = "E5"
TIER = "wire"


class Once(CommandExecutor):
    """Leaves it to its caller to repeat, as many clients do."""

    async def _carry(self, request: ScriptCall | Command) -> Reply:
        return await super()._carry(
            structs.replace(request, not_retryable=True) if isinstance(request, ScriptCall) else request
        )


class Harness(ServerHarness):
    carrier = Once
    edits = (("enqueue", "words[i] = present == packed[i] and 'K' or 'C'", "words[i] = 'C'"),)
