"""A page begins with the last job of the one before."""

from __future__ import annotations

from jobkit.backend import Stored
from jobkit.backends.inline.state import Position
from jobkit.backends.inline.store import Store
from jobkit.lifecycle import State
from tests.broken.patched import PatchedHarness

RULE = "I4"


class Overlapping(Store):
    def peek(self, now: int, name: str, wanted: State, cursor: Position | None) -> tuple[list[Stored], Position | None]:
        if cursor is not None:
            priority, (since, seq, id) = cursor
            cursor = priority, (since, seq, id[:-1])
        return super().peek(now, name, wanted, cursor)


class Harness(PatchedHarness):
    store = Overlapping
