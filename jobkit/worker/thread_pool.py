"""Threads for plain functions: as many as run at once, and none that keeps the process from ending."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any

from jobkit.execute.perform import error_summary
from jobkit.worker.shortage import Shortage

_numbers = itertools.count(1)


class ThreadPool:
    """Starts a thread when none is idle; ends the idle ones when closed.

    The threads are daemons: one whose function never ends can't hold up an exit. ``daemon=False``: they hold it up, and
    so do the threads that a function starts, which inherit this.
    """

    def __init__(self, shortage: Shortage | None = None, *, daemon: bool = True) -> None:
        self._daemon = daemon
        self._work: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._count = 0
        self._lock = threading.Lock()
        self._shortage = shortage or Shortage("threads")

    def submit(self, function: Callable[[], Any]) -> Future[Any]:
        """Run a function in a thread. `NotStarted` if the machine has no thread for it: it will not be called then."""
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()
        if not self._idle.acquire(blocking=False):
            self._start()
        self._work.put((future, function))
        return future

    def _start(self) -> None:
        try:
            name = f"jobkit-job-{next(_numbers)}"
            threading.Thread(target=self._serve, name=name, daemon=self._daemon).start()
        except Exception as error:  # whatever it is: the function has not begun
            raise self._shortage.refused(error_summary(error)) from error
        with self._lock:
            self._count += 1
        self._shortage.works()

    async def run(self, function: Callable[[], Any]) -> Any:
        return await asyncio.wrap_future(self.submit(function))

    def close(self) -> None:
        with self._lock:
            count, self._count = self._count, 0
        for _ in range(count):
            self._work.put(None)

    def _serve(self) -> None:
        while (work := self._work.get()) is not None:
            future, function = work
            try:
                future.set_result(function())
            except BaseException as error:  # noqa: BLE001 - raised where somebody awaits it
                future.set_exception(error)
            del work, future, function
            self._idle.release()
