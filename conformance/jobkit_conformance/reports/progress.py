"""What a run is doing, and how long it likely goes on: one line that is written over where somebody watches."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Final, Self, TextIO

EVERY: Final = 30.0
"""Seconds between two lines, where nobody watches: enough to see that it goes on."""
SOON: Final = 3.0
"""Seconds before anything is said of the time that is left: the first rules tell little."""
OFTEN: Final = 0.2
"""Seconds after which the same step is shown again, further on."""
WIDTH: Final = 100
CLEAR: Final = "\r\x1b[2K"


class Progress:
    """Shows where a run is; ends before anything else is written, so that no report is ever torn.

    On a terminal a line that is written over; elsewhere a line now and then, and none in a run that is over soon.
    """

    def __init__(
        self, stream: TextIO, now: Callable[[], float] = time.monotonic, columns: Callable[[], int] | None = None
    ) -> None:
        self._stream = stream
        self._now = now
        self._columns = columns or partial(_columns, stream)
        self._watched = stream.isatty() and os.environ.get("TERM") != "dumb"
        self._began = self._said = self._shown = now()
        self._words = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._watched:
            self._stream.write(CLEAR)
            self._stream.flush()

    def show(self, words: str, share: float) -> None:
        """``share``: what part of the time is likely over, from 0 to 1."""
        now = self._now()
        if words == self._words and now - self._shown < OFTEN:
            return
        self._words, self._shown = words, now
        over = now - self._began
        left = f", {_about(over / share - over)} left" if share > 0 and over >= SOON else ""
        if self._watched:
            line = f"{share:4.0%}{left}  {words}"
            self._stream.write(CLEAR + _cut(line, min(WIDTH, self._columns() - 1)))
            self._stream.flush()
        elif now - self._said >= EVERY:
            self._said = now
            self._stream.write(_cut(f"{share:4.0%}{left}: {words}", WIDTH) + "\n")
            self._stream.flush()


def _about(seconds: float) -> str:
    """``about 20 s``, ``about 4 min``: no more exact than it can be known."""
    if seconds < 90:
        return f"about {max(5, round(seconds / 5) * 5)} s"
    if seconds < 5400:
        return f"about {round(seconds / 60)} min"
    return f"about {seconds / 3600:.1f} h"


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else f"{line[: width - 3]}..."


def _columns(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns or WIDTH
    except OSError:
        return WIDTH
