"""One process of a supervisor: how it is started, asked to stop and killed, and how its end is noticed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from jobkit.worker.stats import WorkerStats
from jobkit.worker.supervisor_pipe import WorkerLink

POLL: Final = 0.1
"""Seconds between two looks at a process whose end the system can't announce."""


class WorkerProcess:
    """A worker process. It leads a process group, which holds what its jobs start.

    ``command`` returns the arguments, given the number of the descriptor for reports. ``changed`` is called after each
    report. Raises `OSError` if the process can't be started.
    """

    def __init__(
        self,
        place: int,
        command: Callable[[int], Sequence[str]],
        environment: Mapping[str, str] | None,
        changed: Callable[[], None],
    ) -> None:
        self.place = place
        self.figures = WorkerStats()
        self.heard = 0.0
        self.was_ready = asyncio.Event()
        self.asked = asyncio.Event()
        """Set once it was asked to stop."""
        self._changed = changed
        self._link = WorkerLink(self._listen)
        try:
            self._process = subprocess.Popen(
                command(self._link.inherited),
                stdin=subprocess.DEVNULL,
                pass_fds=(self._link.inherited,),
                env=environment,
                start_new_session=True,  # a key in the terminal is for the supervisor, which hands it on
            )
        except BaseException:
            self._link.close()
            raise
        self.started = asyncio.get_running_loop().time()
        self._link.listen()

    @property
    def pid(self) -> int:
        return self._process.pid

    def __str__(self) -> str:
        return f"process {self.pid}"

    def ask_to_stop(self) -> None:
        """Order it to stop. One that has reported nothing yet does not listen either: TERM ends it."""
        self.asked.set()
        if self._process.returncode is not None:
            return
        self._link.order_stop()
        if not self.heard:
            self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Kill it and all of its process group."""
        self.asked.set()
        if self._process.returncode is None:
            _kill_group(self.pid)

    async def end(self) -> int:
        """Wait until it has ended, and return its exit code, negative for a signal.

        What its jobs have started is killed too if it ended badly: those jobs are performed again elsewhere.
        """
        await _ended(self.pid)
        if _ended_badly(self.pid):
            _kill_group(self.pid)  # before the process is collected, so that its number can't be another's yet
        code = self._process.wait()
        self._link.read()
        self._link.close()
        return code

    def ended_well(self, code: int) -> bool:
        """Return True if an exit code after the request to stop means that no job was cut off."""
        idle = not self.figures.ready and not self.figures.running
        return code == 0 or (code == -signal.SIGTERM and idle)

    def ended_as_expected(self, code: int) -> bool:
        """Return True if it was asked to stop, or has done enough. One that ends before any work would do so again."""
        if self.asked.is_set():
            return self.ended_well(code)
        return code == 0 and (self.was_ready.is_set() or self.figures.ended > 0)

    def _listen(self, figures: WorkerStats) -> None:
        self.figures = figures
        self.heard = asyncio.get_running_loop().time()
        if figures.ready:
            self.was_ready.set()
        self._changed()


async def _ended(pid: int) -> None:
    """Wait until a child has ended, and leave it to be collected."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    try:
        fd = os.pidfd_open(pid)
    except (AttributeError, OSError):  # not on this system, or no descriptor is left
        while not _has_ended(pid):  # noqa: ASYNC110 - nothing sets an event
            await asyncio.sleep(POLL)
        return
    loop.add_reader(fd, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(fd)
        os.close(fd)


def _has_ended(pid: int) -> bool:
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True  # collected by other code


def _ended_badly(pid: int) -> bool:
    try:
        state = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return state is not None and (state.si_code, state.si_status) != (os.CLD_EXITED, 0)


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS refuses for a group of ended processes
        os.killpg(pid, signal.SIGKILL)
