"""A reserve that waits looks at what is due, and not at what is paused."""

from __future__ import annotations

from collections.abc import Sequence

from jobkit.backend import Delivery
from jobkit.backends.inline.backend import InlineBackend, Memory
from jobkit.clock import Clock
from tests.broken.patched import PatchedHarness

RULE = "P1"


class LooksOnce(InlineBackend):
    def __init__(self, memory: Memory | None = None, clock: Clock | None = None) -> None:
        super().__init__(memory, clock)
        self._waits = False

    async def _await(self, queues: Sequence[str], limit: int, lease: int, deadline: int) -> list[Delivery]:
        self._waits = True
        try:
            return await super()._await(queues, limit, lease, deadline)
        finally:
            self._waits = False

    def _take(self, queues: Sequence[str], limit: int, lease: int) -> tuple[list[Delivery], int, int | None]:
        store = self.memory.store
        paused = store._paused
        store._paused = set() if self._waits else paused
        try:
            return super()._take(queues, limit, lease)
        finally:
            store._paused = paused


class Harness(PatchedHarness):
    client = LooksOnce
