"""How synchronous callers reach an event loop: one background thread that has one; knows nothing of jobs.

While a caller waits, what runs on the loop may ask it to run a plain function at home, in the caller's own
thread: that is how a test's jobs see the test's database connection.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")


class CallerThread:
    """The thread of a waiting caller."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()

    async def run(self, function: Callable[[], T]) -> T:
        """Call a plain function in the caller's thread, and wait for it."""
        future: Future[T] = Future()

        def call() -> None:
            if not future.set_running_or_notify_cancel():
                return  # whoever asked is gone
            try:
                future.set_result(function())
            except BaseException as error:  # noqa: BLE001 - raised again where somebody awaits it
                future.set_exception(error)

        self._calls.put(call)
        return await asyncio.wrap_future(future)

    def run_until(self, until: Future[T]) -> T:
        until.add_done_callback(lambda _: self._calls.put(None))
        while (call := self._calls.get()) is not None:
            call()
        return until.result()


class Portal:
    """A thread with an event loop, started on first use; it ends with the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._run, args=(self._loop,), name="jobkit-portal", daemon=True).start()
            return self._loop

    def call(self, make: Callable[[CallerThread], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine on the portal's loop, and wait for it here."""
        home = CallerThread()
        future = asyncio.run_coroutine_threadsafe(make(home), self.loop)
        try:
            return home.run_until(future)
        except BaseException:
            future.cancel()
            raise

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        loop.run_forever()


_portals: dict[int, Portal] = {}


def portal() -> Portal:
    """The portal of this process; a forked child has its own."""
    return _portals.setdefault(os.getpid(), Portal())
