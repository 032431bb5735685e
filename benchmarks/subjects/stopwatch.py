"""How a subject is measured from within: the clock, the job's body, and the words on the command line."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

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
