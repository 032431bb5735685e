"""Errors that the caller of a verb made end at the caller: no frames of jobkit below the line to be changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobkit.errors import JobkitError
from pytest_jobkit.performing.errors import is_own

if TYPE_CHECKING:
    from types import TracebackType


def trim_traceback(error: BaseException) -> None:
    """Let the traceback of one of jobkit's own errors end with the last frame that is not jobkit's."""
    if not isinstance(error, JobkitError):
        return
    last: TracebackType | None = None
    trace = error.__traceback__
    while trace is not None:
        if not is_own(trace.tb_frame.f_code.co_filename):
            last = trace
        trace = trace.tb_next
    if last is not None:
        last.tb_next = None
