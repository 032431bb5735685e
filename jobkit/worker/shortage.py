"""A machine that can't start a thread or a process for a moment: slots rest, and the reason is logged once."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

from jobkit.execute.machine import NotStarted

log = logging.getLogger("jobkit.worker")

FIRST_REST: Final = 0.1
LAST_REST: Final = 5.0
"""Seconds for which the slot of a job that could not be started rests: doubled with each round that fails."""


class Shortage:
    """A resource that the machine may run out of. ``what``: its name in the log, in the plural."""

    def __init__(self, what: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._what = what
        self._monotonic = monotonic
        self._next = FIRST_REST
        self._until = 0.0
        """When the current round is over, on the monotonic clock."""
        self.on = False

    def refused(self, reason: str) -> NotStarted:
        """Return the error for a job that could not be started. Jobs of the same round rest until the same instant."""
        now = self._monotonic()
        if not self.on:
            self.on = True
            log.warning(
                "no %s can be started: %s; jobs that need one are given back at no cost of an attempt, and fewer are "
                "taken until it works again",
                *(self._what, reason),
            )
        if now >= self._until:
            self._until, self._next = now + self._next, min(2 * self._next, LAST_REST)
        return NotStarted(reason, self._until - now)

    def works(self) -> None:
        """Note that one was started."""
        if self.on:
            self.on, self._next, self._until = False, FIRST_REST, 0.0
            log.warning("%s can be started again", self._what)
