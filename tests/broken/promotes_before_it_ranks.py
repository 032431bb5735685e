"""Due jobs are moved a hundred at a time, by due time, and ranked by priority once they were moved."""

from __future__ import annotations

import os
from collections.abc import Sequence
from heapq import merge
from itertools import islice

from jobkit.backend import Delivery
from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "T5"


class Promoting(Store):
    def reserve(self, now: int, queues: Sequence[str], limit: int, lease: int) -> list[Delivery]:
        found: list[Delivery] = []
        for name in queues:
            queue = self._queues.get(name)
            lines = [] if queue is None else [level.ready(now) for level in queue.levels.values()]
            moved = list(islice(merge(*lines), 100))
            ranked = sorted(moved, key=lambda entry: (-self._jobs[entry[2]].message.priority, entry))
            for _, _, id in ranked[: limit - len(found)]:
                found.append(self._grant(self._jobs[id], now + lease, os.urandom(12).hex()))
        return found


class Harness(PatchedHarness):
    store = Promoting
