"""How a subject is measured from within: the clock, the job's body, and the words on the command line."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

TEXT = "a short string"


@dataclass
class Countdown:
    """Of the jobs that are left; it begins with the first one."""

    left: int = 0
    begun: float = 0.0


_countdown = Countdown()


def expect(count: int) -> None:
    """The worker is about to perform so many jobs."""
    _countdown.left = count


def perform() -> None:
    """The body of every job: a step of a counter. The last one says how long all took, and ends the process."""
    if not _countdown.begun:
        _countdown.begun = time.perf_counter()
    _countdown.left -= 1
    if _countdown.left == 0:
        say(time.perf_counter() - _countdown.begun)
        os._exit(0)


def say(seconds: float) -> None:
    print(json.dumps({"seconds": seconds, "cpu": time.process_time()}), flush=True)


@dataclass
class Latencies:
    """Of jobs that say when they were sent, on the clock that the processes of a machine share."""

    left: int = 0
    seconds: list[float] = field(default_factory=list[float])


_latencies = Latencies()


def expect_sent(count: int) -> None:
    """The worker is about to perform so many jobs that say when they were sent; it is idle now."""
    _latencies.left = count
    print(json.dumps({"ready": True}), flush=True)


def arrive(sent_ns: int) -> None:
    """The body of a job that says when it was sent. The last one says how long all took, and ends the process."""
    _latencies.seconds.append((time.monotonic_ns() - sent_ns) / 1e9)
    _latencies.left -= 1
    if _latencies.left == 0:
        found = sorted(_latencies.seconds)
        p50, p99 = found[len(found) // 2], found[len(found) * 99 // 100]
        print(json.dumps({"p50": p50, "p99": p99, "cpu": time.process_time()}), flush=True)
        os._exit(0)


def send_each(count: int, send: Callable[[int], object]) -> None:
    """One job each 20 ms, so that the worker is idle again before the next."""
    for _ in range(count):
        time.sleep(0.02)
        send(time.monotonic_ns())


def timed(call: Callable[[], object]) -> None:
    begun = time.perf_counter()
    call()
    say(time.perf_counter() - begun)


def main(measures: Mapping[str, Callable[[str, int], None]]) -> None:
    """Run the measure that the command line names, or list them."""
    if len(sys.argv) == 1:
        print(json.dumps(sorted(measures)))
        return
    measure, url, count = sys.argv[1:]
    measures[measure](url, int(count))
