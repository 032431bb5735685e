"""What is called when this process ends, in the main process and in children that `multiprocessing` started."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any, Final

FAILURE: Final = 1
"""The exit code of a process whose exit handlers could not do their work."""


class _ExitCode:
    """Sets the exit code of the interpreter when it is destroyed: with ``sys``, after all exit handlers and flushes.

    Python offers no other way: an exception in an exit handler does not change the exit code, and `os._exit` in one
    would keep the others from being called.
    """

    def __init__(self) -> None:
        self._end = partial(os._exit, FAILURE)  # by then the names of this module are gone

    def __del__(self) -> None:
        self._end()


def call_at_exit(finish: Callable[[], bool]) -> None:
    """Call a function once, when this process ends. If it returns False, the exit code is 1."""

    def at_exit() -> None:
        if not finish():
            _fail()

    def at_exit_of_child() -> None:
        atexit.unregister(at_exit)
        if not finish() and not _is_failing(sys.exception()):
            raise SystemExit(FAILURE)

    atexit.register(at_exit)
    if sys.version_info < (3, 13) and _is_child():  # such children call no exit handlers there
        _call_last(at_exit_of_child)


def _fail() -> None:
    """Set the exit code, in an exit handler."""
    sys.__dict__[__name__] = _ExitCode()
    if _is_child() and import_module("multiprocessing").get_start_method(allow_none=True) != "spawn":
        _call_last(_end_forked_child)  # it ends by `os._exit` and destroys nothing


def _end_forked_child() -> None:
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(FAILURE)


def _is_child() -> bool:
    """Return True in a child that `multiprocessing` started."""
    process: Any = sys.modules.get("multiprocessing.process")
    return process is not None and process.parent_process() is not None


def _call_last(finish: Callable[[], None]) -> None:
    """Call a function after the other finalizers of `multiprocessing`, which it may keep from being called."""
    import_module("multiprocessing.util").Finalize(None, finish, exitpriority=-1_000_000)


def _is_failing(error: BaseException | None) -> bool:
    """Return True if the process ends with an exit code other than 0 anyway."""
    return error is not None and not (isinstance(error, SystemExit) and not error.code)
