"""Resuming a queue is noticed by the next reserve, and not by those that wait."""

from __future__ import annotations

from jobkit.backends.inline.backend import InlineBackend
from tests.broken.patched import PatchedHarness

RULE = "P1"


class Silent(InlineBackend):
    async def resume(self, queue: str) -> None:
        self._look(lambda store, now: store.resume(queue))


class Harness(PatchedHarness):
    client = Silent
