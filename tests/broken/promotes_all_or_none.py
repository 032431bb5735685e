"""All that is due is moved in one step, which fails beyond eight thousand (async-job: too many results to unpack)."""

from __future__ import annotations

from collections.abc import Sequence

from jobkit.backend import Delivery
from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "T5"

MOST = 8_000


class Unpacking(Store):
    def reserve(self, now: int, queues: Sequence[str], limit: int, lease: int) -> list[Delivery]:
        levels = [level for name in queues if name in self._queues for level in self._queues[name].levels.values()]
        if sum(level.waiting.count_until(now) for level in levels) > MOST:
            raise RuntimeError("too many results to unpack")
        return super().reserve(now, queues, limit, lease)


class Harness(PatchedHarness):
    store = Unpacking
