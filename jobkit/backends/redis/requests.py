"""What a verb asks of its client, and how: commands out, replies in, whoever carries them."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, TypeAlias, TypeVar

from msgspec import Struct

from jobkit.backends.redis.scripts import Script

T = TypeVar("T")

Word: TypeAlias = str | bytes | int

CALLS = ""
"""Among the keys of a marked script: the client's own key, which it puts there."""


class ScriptCall(Struct, frozen=True):
    """Run a script. A ``marked`` one recognises its own repetition: the client adds where to look for it.

    ``unsure``: the move itself says what it means when too few replicas have acknowledged what was written.
    ``once``: it has an effect each time, so it is not sent again where it may have arrived.
    """

    script: Script
    keys: Sequence[str]
    mode: str
    arguments: Sequence[Word]
    deduplicated: bool = False
    tolerates_no_ack: bool = False
    not_retryable: bool = False


class Command(Struct, frozen=True):
    """Send a plain command that may be repeated. An ``optional`` one that the server refuses is answered with None."""

    words: Sequence[Word]
    optional: bool = False


class Reply(Struct, frozen=True):
    """What came back; ``repeated`` when an earlier reply was lost, so that it may be the second effect's.

    ``acknowledged``: by as many replicas as somebody wanted.
    """

    value: Any
    repeated: bool = False
    acknowledged: bool = True


Operation: TypeAlias = Generator[ScriptCall | Command, Reply, T]


class CallSlots:
    """Which call is which: each in flight has a slot, and a number that grows.

    The server keeps the last answer of each slot, so what it keeps is bounded by the calls in flight.
    """

    def __init__(self) -> None:
        self._free: list[int] = []
        self._count = 0
        self._number = 0

    def take(self) -> int:
        if self._free:
            return self._free.pop()
        self._count += 1
        return self._count

    def give_back(self, slot: int) -> None:
        self._free.append(slot)

    def next_number(self) -> int:
        self._number += 1
        return self._number
