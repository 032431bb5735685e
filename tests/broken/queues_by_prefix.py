"""A queue grants the jobs of every queue whose name begins like its own."""

from __future__ import annotations

from collections.abc import Sequence

from jobkit.backend import Delivery
from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "E9"


class Prefixed(Store):
    def reserve(self, now: int, queues: Sequence[str], limit: int, lease: int) -> list[Delivery]:
        found = [name for queue in queues for name in sorted(self._queues) if name.startswith(queue)]
        return super().reserve(now, list(dict.fromkeys(found)), limit, lease)


class Harness(PatchedHarness):
    store = Prefixed
