"""A reserve is sent again after a lost reply: what it took the first time is nobody's, and the answer hides it."""

from __future__ import annotations

from msgspec import structs

from jobkit.backends.redis.executor import Carrier
from jobkit.backends.redis.requests import Ask, Reply, Run
from tests.broken.on_a_server import ServerHarness

RULE = "D6"


class Again(Carrier):
    async def _carry(self, request: Run | Ask) -> Reply:
        return await super()._carry(structs.replace(request, once=False) if isinstance(request, Run) else request)


class Harness(ServerHarness):
    carrier = Again
