"""The name of a queue is taken for a glob pattern."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from jobkit.backend import Delivery
from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "B3"


class Matching(Store):
    def reserve(self, now: int, queues: Sequence[str], limit: int, lease: int) -> list[Delivery]:
        matching = [name for name in sorted(self._queues) if any(fnmatchcase(name, queue) for queue in queues)]
        return super().reserve(now, matching, limit, lease)


class Harness(PatchedHarness):
    store = Matching
