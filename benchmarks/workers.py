"""The worker itself: two processes beside one, memory over many jobs, and how soon the jobs of a killed one go on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis
from running import Meter

from jobkit.testing.redis.server import Server

HERE = Path(__file__).parent
LEASE = 2.0
COUNTED = 1000
"""Jobs between two counts of a worker."""


@dataclass(frozen=True)
class Drained:
    """``workers`` and ``server``: of how many cores they had the time. ``memory``: of one worker, in KiB."""

    seconds: float
    workers: float
    server: float
    memory: list[int]


def drained(server: Server, count: int, processes: int, *, watch: bool = False) -> Drained:
    """Drain so many no-op jobs by so many worker processes; with ``watch``, looking at the memory of one."""
    meter = Meter(server)
    meter.empty()
    _tool(server, "fill", str(count))
    client: Any = redis.Redis.from_url(server.url)
    workers = [_worker(server) for _ in range(processes)]
    memory: list[int] = []
    try:
        _until(lambda: client.hlen("done") == processes)  # all are there
        begun, before = time.monotonic(), _done(client)
        spent, served = _spent(workers), meter.cpu()
        while (done := _done(client)) <= count - processes * COUNTED:  # of the rest nobody says anything
            time.sleep(0.05 if not watch else 0.5)
            if watch:
                memory.append(_resident(workers[0].pid))
        seconds = time.monotonic() - begun
        spent, served = _spent(workers) - spent, meter.cpu() - served
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    return Drained(seconds * count / (done - before), spent / seconds, served / seconds, memory)


def recovered(server: Server, backlog: int) -> float:
    """Seconds from the SIGKILL of a worker until the last of its ten jobs runs elsewhere, beyond the lease."""
    meter = Meter(server)
    meter.empty()
    client: Any = redis.Redis.from_url(server.url)
    _tool(server, "hold", "10")
    first = _worker(server, "held")
    _until(lambda: client.scard("held") == 10)
    second = _worker(server, "held", "--concurrency", "10")
    try:
        if backlog:
            _tool(server, "fill", str(backlog))
        client.set("again", "1")
        first.send_signal(signal.SIGKILL)
        first.wait()
        killed = time.monotonic()
        _until(lambda: client.scard("released") == 10)
        return time.monotonic() - killed - LEASE
    finally:
        for worker in (first, second):
            worker.kill()
            worker.wait()


def _tool(server: Server, *words: str) -> None:
    subprocess.run([sys.executable, "-m", "subjects.counted", *words], cwd=HERE, env=_environment(server), check=True)


def _worker(server: Server, queue: str = "default", *more: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "jobkit", "worker", "subjects.counted:app", "--queue", queue, *more]
    command += ["--concurrency", "100"] if "--concurrency" not in more else []
    command += ["--lease", f"{LEASE:g}", "--log-level", "error"]
    return subprocess.Popen(command, cwd=HERE, env=_environment(server))


def _environment(server: Server) -> dict[str, str]:
    return {**os.environ, "JOBKIT_BACKEND": server.url, "BENCH_URL": server.url}


def _done(client: Any) -> int:
    """Jobs, by all workers together."""
    return sum(int(count) for count in client.hvals("done"))


def _spent(workers: list[subprocess.Popen[bytes]]) -> float:
    """Seconds of processor time."""
    ticks = 0
    for worker in workers:
        fields = Path(f"/proc/{worker.pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _resident(pid: int) -> int:
    text = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("VmRSS:"))


def _until(true: Any, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise SystemExit("a worker did not do what was waited for")
        time.sleep(0.002)
