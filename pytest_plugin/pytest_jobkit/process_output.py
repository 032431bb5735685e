"""What a process says on its output, until it has exited; and the end of a process with all that it started."""

from __future__ import annotations

import os
import select
import signal
from contextlib import suppress
from io import BufferedReader, RawIOBase
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import subprocess

INTERVAL = 200
"""Milliseconds between two looks at whether a process that says nothing has exited."""


class ProcessOutput(RawIOBase):
    """The output of a process. It ends with the process, though a process that this one started may hold it open."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        self._stream = process.stdout
        self._pid = process.pid
        self._poll = select.poll()
        self._poll.register(self._stream, select.POLLIN)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        into = memoryview(buffer).cast("B")
        while True:
            exited = has_exited(self._pid)  # before the look at what it said
            if self._poll.poll(0 if exited else INTERVAL):
                found = os.read(self._stream.fileno(), len(into))
                into[: len(found)] = found
                return len(found)
            if exited:
                return 0

    def close(self) -> None:
        super().close()
        self._stream.close()


def output_of(process: subprocess.Popen[bytes]) -> BufferedReader:
    """Return a reader of this process's output."""
    return BufferedReader(ProcessOutput(process))


def has_exited(pid: int) -> bool:
    """Return True if this child has exited, whether or not somebody has waited for it."""
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a process that has a session of its own, and what it started and did not put into another one."""
    with suppress(ProcessLookupError, PermissionError):  # there is nobody left; macOS says so of those that have exited
        os.killpg(process.pid, signal.SIGKILL)
