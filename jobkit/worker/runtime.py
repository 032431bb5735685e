"""What a worker takes from the machine that it runs on: elapsed time, luck, and a second thread. Passed in, so that
the same worker can be played in another time, and played again.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, Final, Protocol


class Runtime(Protocol):
    """Where a worker lives."""

    def monotonic(self) -> float:
        """Seconds that only go forward, the same in every thread; never the wall clock."""
        ...

    def random(self) -> float:
        """At random, from 0 to below 1: so that many workers do not try again at once."""
        ...

    def run_in_thread(self, main: Callable[[], Coroutine[Any, Any, None]]) -> Future[None]:
        """Run this to its end on an event loop of its own, which goes on while the caller's is blocked.

        The answer is done when it has ended, with the error that ended it if there was one. Where the machine has no
        thread, or no descriptor for the loop, that is raised here.
        """
        ...


class SystemRuntime:
    """The machine that this process runs on. What it runs beside is a daemon thread, which holds up no exit."""

    def monotonic(self) -> float:
        return time.monotonic()

    def random(self) -> float:
        return int.from_bytes(os.urandom(2), "big") / 2**16

    def run_in_thread(self, main: Callable[[], Coroutine[Any, Any, None]]) -> Future[None]:
        ended: Future[None] = Future()
        ended.set_running_or_notify_cancel()
        loop = asyncio.new_event_loop()  # here, where a machine that has no descriptor left is noticed

        def run() -> None:
            try:
                with asyncio.Runner(loop_factory=lambda: loop) as runner:
                    runner.run(main())
            except BaseException as error:  # noqa: BLE001 - raised where the answer is awaited
                ended.set_exception(error)
            else:
                ended.set_result(None)

        try:
            threading.Thread(target=run, name="jobkit-leases", daemon=True).start()
        except BaseException:
            loop.close()
            raise
        return ended


SYSTEM_RUNTIME: Final = SystemRuntime()
