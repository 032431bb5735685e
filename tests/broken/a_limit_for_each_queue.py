"""The limit of a reserve is one of each queue that it names."""

from __future__ import annotations

from collections.abc import Sequence

from jobkit.backend import Delivery
from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "R2"


class Generous(Store):
    def reserve(self, now: int, queues: Sequence[str], limit: int, lease: int) -> list[Delivery]:
        each = [super(Generous, self).reserve(now, [queue], limit, lease) for queue in queues]
        return [delivery for found in each for delivery in found]


class Harness(PatchedHarness):
    store = Generous
