"""A line: entries kept in order. Adding, removing and counting by a score cost about the same at any length."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import TypeAlias

Entry: TypeAlias = tuple[int, int, str]
"""Score, sequence, id: compared in that order, as in a sorted set whose members begin with the sequence."""

BLOCK = 500


class SortedIndex:
    """Sorted blocks of at most ``2 * BLOCK`` entries, so that no change moves more than one block."""

    def __init__(self) -> None:
        self._blocks: list[list[Entry]] = []
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Entry]:
        for block in self._blocks:
            yield from block

    def add(self, entry: Entry) -> None:
        self._length += 1
        if not self._blocks:
            self._blocks.append([entry])
            return
        at = min(self._block_of(entry), len(self._blocks) - 1)
        block = self._blocks[at]
        insort(block, entry)
        if len(block) > 2 * BLOCK:
            self._blocks[at : at + 1] = [block[:BLOCK], block[BLOCK:]]

    def remove(self, entry: Entry) -> None:
        at = self._block_of(entry)
        block = self._blocks[at]
        del block[bisect_left(block, entry)]
        self._length -= 1
        if not block:
            del self._blocks[at]

    def until(self, score: int) -> Iterator[Entry]:
        """The entries whose score is at most this, in order."""
        for entry in self:
            if entry[0] > score:
                return
            yield entry

    def after(self, entry: Entry) -> Iterator[Entry]:
        """The entries that come after this one, in order."""
        for block in self._blocks[self._block_of(entry) :]:
            for other in block[bisect_left(block, entry) :]:
                if other > entry:
                    yield other

    def count_until(self, score: int) -> int:
        """How many entries have at most this score."""
        bound = (score + 1, -1, "")
        at = self._block_of(bound)
        count = sum(map(len, self._blocks[:at]))
        return count + bisect_left(self._blocks[at], bound) if at < len(self._blocks) else count

    def first(self) -> Entry | None:
        return self._blocks[0][0] if self._blocks else None

    def _block_of(self, entry: Entry) -> int:
        return bisect_left(self._blocks, entry, key=_last)


def _last(block: list[Entry]) -> Entry:
    return block[-1]
