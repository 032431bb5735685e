"""A pause takes what waits out of the way, closes the queue, and puts all back: in between it is hidden."""

from __future__ import annotations

from jobkit.backends.redis.backend import RedisBackend
from jobkit.backends.redis.keys import PRIORITIES
from jobkit.backends.redis.requests import Command, Operation
from tests.broken.on_a_server import ServerHarness

RULE = "P1"
TIER = "wire"
MOVE = """
for i = 1, #KEYS, 2 do
  if redis.call("EXISTS", KEYS[i]) == 1 then redis.call("RENAME", KEYS[i], KEYS[i + 1]) end
end
"""


class Aside(RedisBackend):
    async def pause(self, queue: str) -> None:
        waiting = [self.keys.waiting(queue, priority) for priority in PRIORITIES]
        aside = [f"{name}:aside" for name in waiting]
        await self._drive(self._move(waiting, aside))
        await super().pause(queue)
        await self._drive(self._move(aside, waiting))

    def _move(self, here: list[str], there: list[str]) -> Operation[None]:
        pairs = [name for pair in zip(here, there, strict=True) for name in pair]
        yield Command(["EVAL", MOVE, len(pairs), *pairs])


class Harness(ServerHarness):
    client = Aside
