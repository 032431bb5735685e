"""Who waits is woken by an enqueue, and by nothing else."""

from __future__ import annotations

from collections.abc import Iterable

from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "R5"


class Sleepy(Store):
    def next_due(self, queues: Iterable[str]) -> int | None:
        return None


class Harness(PatchedHarness):
    store = Sleepy
