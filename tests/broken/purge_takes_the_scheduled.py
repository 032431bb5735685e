"""Purging the ready removes everything that waits."""

from __future__ import annotations

from jobkit.backends.inline.store import Store
from jobkit.lifecycle import State
from tests.broken.patched import PatchedHarness

RULE = "I3"


class Sweeping(Store):
    def purge(self, now: int, name: str, wanted: State, limit: int) -> int:
        return super().purge(now + 10 * 3_600_000 if wanted is State.READY else now, name, wanted, limit)


class Harness(PatchedHarness):
    store = Sweeping
