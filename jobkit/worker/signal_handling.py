"""Handles the signals of a worker or a supervisor on its event loop, and keeps them out of forked children.

An event loop notices signals by handlers that do nothing and by a descriptor that the interpreter writes to. A forked
child inherits both: without the hooks here a signal to the child would be ignored there, and be handled by its parent.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any, Final

_placed: Final[dict[int, Any]] = {}
"""The handler that an event loop has placed, for each signal that is handled here now."""


class _Masks(threading.local):
    """The signal mask to restore after the fork that a thread is in. Threads may fork at once."""

    before: set[signal.Signals | int] | None = None


_masks: Final = _Masks()


def handle(handlers: Mapping[int, Callable[[int], None]]) -> None:
    """Call a function for each signal, on the running loop. Only the main thread can.

    What handled the signal before is replaced. A forked child handles the signals as a new process does.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError(
            "run() handles signals, which only the main thread can do; "
            "in another thread use: async with Worker(app): ..."
        )
    loop = asyncio.get_running_loop()
    for number, function in handlers.items():
        loop.add_signal_handler(number, function, number)
        _placed[number] = signal.getsignal(number)


def place(number: int, handler: Callable[[int, FrameType | None], None]) -> None:
    """Call a plain handler for a signal. A forked child handles the signal as a new process does."""
    signal.signal(number, handler)
    _placed[number] = signal.getsignal(number)


def release(*numbers: int) -> None:
    """Handle these signals no longer: the running loop restores their default."""
    loop = asyncio.get_running_loop()
    for number in numbers:
        loop.remove_signal_handler(number)
        _placed.pop(number, None)


# The hooks take no lock and import nothing: another thread may hold any lock while this one forks.


def _before_fork() -> None:
    """Hold back the signals, so that none reaches the child before its handlers are restored."""
    _masks.before = signal.pthread_sigmask(signal.SIG_BLOCK, _placed) if _placed else None


def _after_in_parent() -> None:
    _restore_mask()


def _after_in_child() -> None:
    if _masks.before is None:
        return
    signal.set_wakeup_fd(-1)
    for number, placed in _placed.items():
        if signal.getsignal(number) is placed:  # else a job has placed a handler of its own
            default = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
            signal.signal(number, default)
    _placed.clear()
    _restore_mask()


def _restore_mask() -> None:
    before, _masks.before = _masks.before, None
    if before is not None:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


os.register_at_fork(before=_before_fork, after_in_parent=_after_in_parent, after_in_child=_after_in_child)
