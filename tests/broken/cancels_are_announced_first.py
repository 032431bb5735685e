"""What is cancelled is written on a list that extends look at, and marked with the next command."""

from __future__ import annotations

from collections.abc import Sequence

from jobkit.backend import CancelOutcome, CancelRequested, Extended, ExtendOutcome, Extension
from jobkit.backends.redis.backend import RedisBackend
from jobkit.backends.redis.codec import read_token
from jobkit.backends.redis.requests import Command, Operation
from tests.broken.on_a_server import ServerHarness

RULE = "X2"
TIER = "wire"


class Announcing(RedisBackend):
    async def cancel(self, ids: Sequence[str]) -> list[CancelOutcome]:
        await self._drive(self._announce(ids))
        return await super().cancel(ids)

    async def extend(self, extensions: Sequence[Extension]) -> list[ExtendOutcome]:
        outcomes = await super().extend(extensions)
        doomed = await self._drive(self._announced())
        for place, (extension, outcome) in enumerate(zip(extensions, outcomes, strict=True)):
            found = read_token(extension.token)
            if found is not None and found[2].id.encode() in doomed and isinstance(outcome, Extended):
                outcomes[place] = CancelRequested(outcome.end)
        return outcomes

    @property
    def _list(self) -> str:
        return f"{self.keys.prefix}doomed"

    def _announce(self, ids: Sequence[str]) -> Operation[None]:
        yield Command(["SADD", self._list, *ids])

    def _announced(self) -> Operation[set[bytes]]:
        return set((yield Command(["SMEMBERS", self._list])).value)


class Harness(ServerHarness):
    client = Announcing
