"""Where time comes from: the protocol, the system's clock, a clock that a test moves."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol, runtime_checkable

MAX_MS = 2**53 - 1
"""The last instant that every store keeps exactly, as a double: the year 287396."""


@runtime_checkable
class Clock(Protocol):
    """Says what time it is."""

    def now_ms(self) -> int:
        """Milliseconds since the epoch, UTC; never less than the answer before."""
        ...


class SystemClock:
    """The host's wall clock, which does not run backwards here even where the host's does."""

    def __init__(self) -> None:
        self._last = 0

    def now_ms(self) -> int:
        self._last = max(self._last, time.time_ns() // 1_000_000)
        return self._last


class ManualClock:
    """A clock that stands still until somebody moves it.

    Whoever waits for a time subscribes, and is called after each move, in the thread that moved.
    """

    def __init__(self, now_ms: int = 1_700_000_000_000) -> None:
        self._now = now_ms
        self._listeners: list[Callable[[], None]] = []

    def now_ms(self) -> int:
        return self._now

    def move(self, milliseconds: int) -> None:
        """Go forward by ``milliseconds``; time does not run backwards."""
        if milliseconds < 0:
            raise ValueError(f"a clock moves forward: {milliseconds} ms")
        self._now += milliseconds
        for listener in tuple(self._listeners):
            listener()

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call ``listener`` after each move; the answer ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)
