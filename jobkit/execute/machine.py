"""Faults of the machine, as opposed to those of a job: no descriptor, memory, thread or process for a moment."""

from __future__ import annotations

import errno
from typing import Final

_EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM, errno.ENOBUFS})
_NO_THREAD: Final = "can't start new thread"


class NotStarted(Exception):
    """The machine could not start what a job needs. The job's code has not begun, so no attempt is spent.

    ``rest``: seconds for which its slot should take no other job.
    """

    def __init__(self, reason: str, rest: float = 0.0) -> None:
        super().__init__(reason)
        self.rest = rest


def is_machine_fault(error: BaseException) -> bool:
    """Return True if an error says that this machine has run out of something for now."""
    if isinstance(error, OSError):
        return error.errno in _EXHAUSTED
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and _NO_THREAD in str(error))
