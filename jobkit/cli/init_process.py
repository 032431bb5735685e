"""Process 1 of a container: runs the worker in a child, hands on signals, and collects the processes left by others.

The kernel ignores a signal to process 1 that it has no handler for, and gives it every process whose parent has ended.
A worker can't collect those itself: it would take the exit codes of processes that its jobs wait for.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Final

HANDED_ON: Final = frozenset(
    {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2}
)


def run_below_init(run: Callable[[], int]) -> int:
    """Call a function in a child and return its exit code. In the child, return what the function returns."""
    watched = HANDED_ON | {signal.SIGCHLD}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, watched)
    child = os.fork()
    if child == 0:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return run()
    while True:
        number = signal.sigwait(watched)
        if number != signal.SIGCHLD:
            os.kill(child, number)
            continue
        code = _collect(child)
        if code is not None:
            return code


def _collect(child: int) -> int | None:
    """Collect every process that has ended. Return the exit code of the child if it is among them."""
    while True:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return None
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code
