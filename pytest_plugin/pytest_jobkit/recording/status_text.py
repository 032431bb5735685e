"""Where a job stands, in a few words."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from pytest_jobkit.endless_jobs import TooManyPerforms

if TYPE_CHECKING:
    from pytest_jobkit.recording.entry import Entry


WIDEST = 100
"""Of an error, in characters."""


def status_text(entry: Entry, now_ms: int) -> str:
    """``pending, due in 1:00:00``, ``dead: ValueError('x')`` and the like."""
    match entry.state:
        case "succeeded":
            return "performed"
        case "pending":
            return f"pending{_when(', due in', entry.since_ms, now_ms)}"
        case "retrying":
            return f"attempt {entry.attempt} raised {raised(entry.error)}{_when(', again in', entry.since_ms, now_ms)}"
        case "dead" | "discarded":
            return f"{entry.state}: {entry.reason if entry.error is None else raised(entry.error)}"
        case "skipped":
            return f"skipped: {entry.reason}"
        case _:
            return entry.state


def raised(error: BaseException | None) -> str:
    """An error in a line; of a long text its beginning."""
    if isinstance(error, TooManyPerforms):
        return type(error).__name__  # what it says stands above
    shown = repr(error)
    if len(shown) <= WIDEST and "\\n" not in shown:
        return shown
    first, *_ = str(error).splitlines() or [""]
    return f"{type(error).__name__}({first[:WIDEST]!r}...)"


def distance(milliseconds: int) -> str:
    """``1:00:00``, ``2 days, 0:00:00``."""
    try:
        return str(timedelta(milliseconds=milliseconds))
    except OverflowError:
        return f"{milliseconds} ms"


def seconds(number: float) -> str:
    """``1 second``, ``2.5 seconds``."""
    return f"{number:g} second{'' if number == 1 else 's'}"


def _when(words: str, at_ms: int, now_ms: int) -> str:
    return f"{words} {distance(at_ms - now_ms)}" if at_ms > now_ms else ""
