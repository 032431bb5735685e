"""The log of a play: one line an event, appended by every process that takes part, on one monotonic clock."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

EVERYBODY: Final = -1
"""The slot of events that happen to the store, and so to all."""


class Event(Struct, omit_defaults=True):
    """``at``: seconds on the machine's monotonic clock. ``slot`` and ``life``: which worker process.

    Of a producer: *offered*, *accepted*, *refused*. Of a job: *start*, *end*, *cut short*. Of a worker's client, where
    it is witnessed: *granted*, *extended*, *settling*, *settled*; ``sent`` is the instant before the call, ``seconds``
    the lease, ``note`` how it was settled. Of the kit, what it saw and did: *up*, *down*, *kill*, *stop*, *cont*,
    *term*, *hole*, *healed*, *away*, *back*, *cut*, *full*, *room*, *producer killed*; *calm* when the roll call
    begins, *over* when all processes have ended, *left* for a job that is still there (``note``: live or dead),
    *looked* after those.
    """

    what: str
    at: float
    slot: int = EVERYBODY
    life: int = 0
    pid: int = 0
    id: str = ""
    attempt: int = 0
    number: int = 0
    sent: float = 0.0
    seconds: float = 0.0
    note: str = ""


decode = msgspec.json.Decoder(Event).decode
"""One line."""


class Reader:
    """Reads a log that is still written: each call gives what is new, whole lines only."""

    def __init__(self, path: Path) -> None:
        path.touch()
        self._file = path.open("rb")
        self._rest = b""

    def new(self) -> Iterator[Event]:
        """The events that were appended since."""
        *lines, self._rest = (self._rest + self._file.read()).split(b"\n")
        for line in lines:
            yield decode(line)

    def close(self) -> None:
        self._file.close()


def read(path: Path) -> list[Event]:
    """A whole log, in the order of its instants: lines of two processes may be appended the other way round."""
    return sorted(map(decode, path.read_bytes().splitlines()), key=lambda event: event.at)
