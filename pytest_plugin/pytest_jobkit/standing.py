"""Where a job stands, in a few words."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_jobkit.entry import Entry


def standing(entry: Entry, now_ms: int) -> str:
    """``pending, due in 1:00:00``, ``dead: ValueError('x')`` and the like."""
    match entry.state:
        case "succeeded":
            return "performed"
        case "pending":
            return f"pending{_when(', due in', entry.since_ms, now_ms)}"
        case "retrying":
            return f"attempt {entry.attempt} raised {entry.error!r}{_when(', again in', entry.since_ms, now_ms)}"
        case "dead" | "discarded":
            return f"{entry.state}: {entry.reason if entry.error is None else repr(entry.error)}"
        case "skipped":
            return f"skipped: {entry.reason}"
        case _:
            return entry.state


def distance(milliseconds: int) -> str:
    """``1:00:00``, ``2 days, 0:00:00``."""
    try:
        return str(timedelta(milliseconds=milliseconds))
    except OverflowError:
        return f"{milliseconds} ms"


def _when(words: str, at_ms: int, now_ms: int) -> str:
    return f"{words} {distance(at_ms - now_ms)}" if at_ms > now_ms else ""
