"""Connects a worker process to its supervisor: a pair of sockets for reports one way, and the order to stop the other.

When the supervisor ends, however it ends, the worker reads the end of the stream and stops. The reverse does not hold:
what a job has forked keeps the worker's socket open, so the supervisor learns of a death from the process alone.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Final

import msgspec

from jobkit.worker.stats import WorkerStats

INTERVAL: Final = 0.5
"""Seconds between two reports."""

STOP: Final = b"s"
"""The order to stop. Repeated, it means the same."""


@asynccontextmanager
async def send_stats(
    fd: int, figures: Callable[[], WorkerStats], stop: Callable[[str], None]
) -> AsyncGenerator[None, None]:
    """In the worker: report at intervals and at the end; call ``stop`` when the supervisor says so or ends.

    ``stop`` is told by whom.
    """
    loop = asyncio.get_running_loop()
    os.set_blocking(fd, False)
    reports = loop.create_task(_report(fd, figures), name="jobkit-report")

    def look() -> None:
        try:
            heard = os.read(fd, 1024)
        except BlockingIOError:
            return
        except ConnectionError:
            heard = b""
        if not heard:
            loop.remove_reader(fd)
        stop("its supervisor" if heard else "the end of its supervisor")

    loop.add_reader(fd, look)
    try:
        yield
    finally:
        loop.remove_reader(fd)
        reports.cancel()
        _write(fd, figures())


async def _report(fd: int, figures: Callable[[], WorkerStats]) -> None:
    while True:
        _write(fd, figures())
        await asyncio.sleep(INTERVAL)


def _write(fd: int, figures: WorkerStats) -> None:
    try:
        os.write(fd, msgspec.json.encode(figures) + b"\n")
    except OSError:
        return  # the supervisor is busy, or gone, which reading tells


class WorkerLink:
    """The supervisor's end, and until the process has started the worker's end too.

    ``heard`` is called with each report.
    """

    def __init__(self, heard: Callable[[WorkerStats], None]) -> None:
        self._heard = heard
        self._ours, self._theirs = socket.socketpair()
        self._ours.settimeout(0)
        self._rest = b""
        self._reading = False

    @property
    def inherited(self) -> int:
        """The descriptor that the worker process inherits."""
        return self._theirs.fileno()

    def listen(self) -> None:
        """Read reports on the running loop from now on. The worker has its end now."""
        self._theirs.close()
        asyncio.get_running_loop().add_reader(self._ours, self.read)
        self._reading = True

    def read(self) -> None:
        """Read what has been reported, without waiting."""
        while True:
            try:
                data = self._ours.recv(65_536)
            except BlockingIOError:
                return
            except ConnectionError:
                data = b""
            if not data:
                self._stop_reading()
                return
            *lines, self._rest = (self._rest + data).split(b"\n")
            for line in lines:
                self._report(line)

    def _report(self, line: bytes) -> None:
        try:
            figures = msgspec.json.decode(line, type=WorkerStats)
        except msgspec.DecodeError:
            return  # half a line, cut off where the supervisor was too busy to read
        self._heard(figures)

    def order_stop(self) -> None:
        """Tell the worker to stop. One that has ended is not told."""
        try:
            self._ours.send(STOP)
        except (BlockingIOError, ConnectionError):
            return  # it has not read the orders before, or has ended, which its supervisor notices

    def close(self) -> None:
        self._stop_reading()
        self._ours.close()
        self._theirs.close()

    def _stop_reading(self) -> None:
        if self._reading:
            asyncio.get_running_loop().remove_reader(self._ours)
            self._reading = False
