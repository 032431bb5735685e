"""Decides what a request to stop means: the first one, a repetition of it, or a wish to end at once."""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

MOMENT: Final = 0.25
"""Seconds within which a further signal is the same request: a signal to a whole group may reach a process twice."""


class StopRequest(Enum):
    """What a signal asks for."""

    STOP = auto()
    SAME = auto()
    """The request before, delivered once more."""
    END_NOW = auto()


class StopRequests:
    """Counts the signals of one process. A supervisor's order is not counted, because it is no second signal."""

    def __init__(self) -> None:
        self._last: float | None = None

    def signal(self, at: float) -> StopRequest:
        """Return what a signal asks for that was handled ``at`` seconds of a monotonic clock."""
        if self._last is not None and at - self._last < MOMENT:
            return StopRequest.SAME
        first, self._last = self._last is None, at
        return StopRequest.STOP if first else StopRequest.END_NOW
