"""The event loop of a command that works until it is asked to stop."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

log = logging.getLogger("jobkit.worker")

T = TypeVar("T")


def run_to_the_end(runner: asyncio.Runner, main: Coroutine[Any, Any, T]) -> T:
    """Run this on the runner's loop, whatever tasks beside it raise.

    A task that raises SystemExit or KeyboardInterrupt ends its loop; asyncio has it so. Here it is a task that a job
    started, most likely: it is over, who awaits it gets the error, and the loop goes on.
    """
    loop = runner.get_loop()
    task = loop.create_task(main)
    while True:
        try:
            return loop.run_until_complete(task)
        except (SystemExit, KeyboardInterrupt) as error:
            pressed = isinstance(error, KeyboardInterrupt)  # before the loop handles the signal
            if task.done() or (pressed and signal.getsignal(signal.SIGINT) is signal.default_int_handler):
                raise
            log.exception("a task that a job started raised %s: the worker goes on", type(error).__name__)
