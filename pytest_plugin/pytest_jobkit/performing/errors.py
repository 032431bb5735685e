"""How a job's error leaves the verb that performed it: as it was raised, with a note that says where it comes from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import jobkit
from pytest_jobkit.endless_jobs import TooManyPerforms

if TYPE_CHECKING:
    from types import TracebackType

    from pytest_jobkit.performing.outcome import PerformedJob
    from pytest_jobkit.performing.performer import Result

_CORE = str(Path(jobkit.__file__).parent)
_OWN = str(Path(__file__).parents[1])


def raise_or_return(result: Result) -> list[PerformedJob]:
    """The outcomes, or the error that stopped the verb."""
    __tracebackhide__ = True
    if result.error is None:
        return result.outcomes
    if isinstance(result.error, TooManyPerforms):
        raise result.error
    result.outcomes[-1].entry.expected = True
    raise with_note(result.error, result.outcomes[-1])


def with_note(error: BaseException, outcome: PerformedJob) -> BaseException:
    """The same error, naming its job, and without jobkit's frames above those of the job."""
    entry = outcome.entry
    where = f", enqueued at {entry.site}" if entry.site else ""
    note = f"raised by #{entry.number} {entry.short}, attempt {entry.attempt}{where}"
    if note not in getattr(error, "__notes__", ()):
        error.add_note(note)
    return error.with_traceback(_below(error.__traceback__) or error.__traceback__)


def _below(trace: TracebackType | None) -> TracebackType | None:
    """The part that begins with the job's own frame."""
    while trace is not None and is_own(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    return trace


def is_own(filename: str) -> bool:
    """Whether a frame is jobkit's, or of what it waits with."""
    folder = str(Path(filename).parent)
    return folder.startswith((_CORE, _OWN)) or folder.endswith(("asyncio", "concurrent/futures"))
