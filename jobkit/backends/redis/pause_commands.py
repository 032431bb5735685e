"""Pausing queues, and cells: the verbs beside those that are about jobs."""

from __future__ import annotations

from typing import Literal

from jobkit.backends.redis.commands import Commands
from jobkit.backends.redis.requests import CALLS, Operation


class Switches:
    """The verbs of one namespace."""

    def __init__(self, moves: Commands) -> None:
        self._moves = moves
        self._keys = moves.keys

    def turn(self, what: Literal["pause", "resume"], queue: str) -> Operation[None]:
        """Twice is once, so this is no marked call."""
        yield from self._moves.run("pause", [self._keys.meta, self._keys.sizes, self._keys.bell(queue)], [what, queue])

    def cell_get(self, name: str) -> Operation[tuple[bytes, int] | None]:
        answer, _ = yield from self._moves.run("cell_get", [self._keys.meta, self._keys.cells], [name])
        if not answer[0]:
            return None
        version, _, value = answer[0].partition(b" ")
        return value, int(version)

    def cell_set(self, name: str, value: bytes, expected_version: int) -> Operation[int | None]:
        keys = [self._keys.meta, self._keys.cells, CALLS]
        answer, _ = yield from self._moves.run("cell_set", keys, [name, value, expected_version], marked=True)
        return int(answer[0]) if answer[0] else None
