"""The first reader of a queue begins behind all that is there (taskiq-redis 1.2.4: a group that begins at $)."""

from __future__ import annotations

from collections.abc import Sequence

from jobkit.backend import Delivery
from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "E8"


class Late(Store):
    def __init__(self) -> None:
        super().__init__()
        self._groups: set[str] = set()

    def reserve(self, now: int, queues: Sequence[str], limit: int, lease: int) -> list[Delivery]:
        for name in set(queues) - self._groups:
            self._groups.add(name)
            if name in self._queues:
                self._queues[name].levels.clear()
        return super().reserve(now, queues, limit, lease)


class Harness(PatchedHarness):
    store = Late
