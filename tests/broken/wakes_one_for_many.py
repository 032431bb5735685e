"""An enqueue wakes one of those who wait, whatever it brings."""

from __future__ import annotations

from jobkit.backends.inline.backend import Memory
from tests.broken.patched import PatchedHarness

RULE = "R5"


class Sparing(Memory):
    def wake(self) -> None:
        for waiter in tuple(self.waiting)[:1]:
            waiter.wake()


class Harness(PatchedHarness):
    memory = Sparing
