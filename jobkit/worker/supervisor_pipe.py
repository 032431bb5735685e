"""What a worker process and its supervisor tell each other: figures on one pipe, and the end of another.

The supervisor holds the child's standard input open. When it ends, however it ends, that ends too, and the child stops.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Final

import msgspec

from jobkit.worker.stats import WorkerStats

INTERVAL: Final = 0.5
"""Seconds between two reports."""


@asynccontextmanager
async def send_stats(
    fd: int, figures: Callable[[], WorkerStats], ask: Callable[[int], None]
) -> AsyncGenerator[None, None]:
    """In the child: report at once when readiness changes, else now and then; stop when the supervisor is gone."""
    loop = asyncio.get_running_loop()
    os.set_blocking(fd, False)
    reports = loop.create_task(_report(fd, figures), name="jobkit-report")
    stdin = sys.stdin.fileno()

    def look() -> None:
        if not os.read(stdin, 1024):
            loop.remove_reader(stdin)
            ask(signal.SIGTERM)

    loop.add_reader(stdin, look)
    try:
        yield
    finally:
        loop.remove_reader(stdin)
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
        return  # the supervisor is busy, or gone, which the other pipe tells


async def read_stats(reader: asyncio.StreamReader) -> AsyncGenerator[WorkerStats, None]:
    """In the supervisor: what a child tells, until it ends."""
    while line := await reader.readline():
        try:
            yield msgspec.json.decode(line, type=WorkerStats)
        except msgspec.DecodeError:
            continue  # the half line of a child that was killed
