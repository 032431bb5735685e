"""Kills the process group of an isolated job's process once that process has ended, however it did.

Its worker does the same. This is for a worker that was killed itself: the kernel then kills the process, but not what
the process has started.
"""

from __future__ import annotations

import os
import select
import signal
import sys


def start_guard(connection: int) -> None:
    """Start the guard of this process, on Linux. The guard is not its child, since a job may wait for any child.

    ``connection``: the highest descriptor that is open here. The guard keeps none open but its own.
    """
    if sys.platform != "linux" or os.getppid() == 1:  # what the first process of a container leaves, ends with it
        return
    leader = os.pidfd_open(os.getpid())
    child = os.fork()
    if child == 0:
        try:
            if os.fork() == 0:
                _guard(leader, connection)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(leader)


def _guard(leader: int, connection: int) -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    os.closerange(0, leader)
    os.closerange(leader + 1, connection + 1)
    ended = select.poll()
    ended.register(leader, select.POLLIN)
    ended.poll()
    os.killpg(0, signal.SIGKILL)
