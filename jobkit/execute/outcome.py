"""What came of performing a job once."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from msgspec import Struct

from jobkit.backend import Dead, Done, Release, RetryAt, Settlement


class Performed(StrEnum):
    """How one execution ended."""

    SUCCEEDED = "succeeded"
    """It returned. Ends the job."""

    RETRYING = "retrying"
    """It raised, and a retry rule covers that. The job waits for its backoff."""

    DISCARDED = "discarded"
    """It raised, and ``discard=`` covers that. Ends the job, quietly."""

    DEAD = "dead"
    """It can't be performed, or raised once too often, or what no rule covers. Kept, with the reason."""

    SKIPPED = "skipped"
    """A middleware decided against it, before it started. Ends the job."""

    INTERRUPTED = "interrupted"
    """The worker stopped first. The job is given back, and this attempt does not count."""


class Outcome(Struct, frozen=True, kw_only=True):
    """What came of performing a job once.

    ``value``: what it returned. ``error``: what it raised. ``retry_in``: seconds from the failure to the next
    attempt. ``reason``: why it is dead, discarded or skipped, in words.
    """

    state: Performed
    value: Any = None
    error: BaseException | None = None
    retry_in: float | None = None
    reason: str | None = None

    def settlement(self, token: str, elapsed: float) -> Settlement:
        """How the delivery is to be settled, ``elapsed`` seconds after the execution ended."""
        match self.state:
            case Performed.SUCCEEDED | Performed.DISCARDED | Performed.SKIPPED:
                return Done(token)
            case Performed.RETRYING:
                return RetryAt(token, after=max(0, round(((self.retry_in or 0) - elapsed) * 1000)))
            case Performed.DEAD:
                return Dead(token, self.reason or "no reason was given")
            case Performed.INTERRUPTED:
                return Release(token)
