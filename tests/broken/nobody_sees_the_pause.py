"""A paused queue looks like any other, and nobody finds out why its jobs wait."""

from __future__ import annotations

from msgspec import structs

from jobkit.backend import Counts
from jobkit.backends.inline.store import Store
from tests.broken.patched import PatchedHarness

RULE = "P1"


class Unseen(Store):
    def counts(self, now: int, name: str) -> Counts:
        return structs.replace(super().counts(now, name), paused=False)


class Harness(PatchedHarness):
    store = Unseen
