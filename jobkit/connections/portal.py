"""How synchronous callers reach an event loop: one background thread that has one; knows nothing of jobs.

While a caller waits, what runs on the loop may ask it to run a plain function at home, in the caller's own
thread: that is how a test's jobs see the test's database connection.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from _queue import SimpleQueue
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor, Future
from typing import Any, TypeVar, TypeVarTuple

from jobkit.connections.real_threads import start_thread, wait_for
from jobkit.errors import BackendUnavailable
from jobkit.forks import Forkable, track

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class CallerThread:
    """The thread of a waiting caller."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()

    async def run(self, function: Callable[[], T]) -> T:
        """Call a plain function in the caller's thread, and wait for it."""
        future: Future[T] = Future()

        self._calls.put(lambda: _carry_out(function, future))
        return await asyncio.wrap_future(future)

    def run_until(self, until: Future[T]) -> T:
        until.add_done_callback(lambda _: self._calls.put(None))
        while (call := wait_for(self._calls.get)) is not None:
            call()
        return until.result()


def _carry_out(function: Callable[[], T], future: Future[T]) -> None:
    if not future.set_running_or_notify_cancel():
        return  # the caller has given up
    try:
        future.set_result(function())
    except BaseException as error:  # noqa: BLE001 - raised again where the future is awaited
        future.set_exception(error)


if sys.platform == "win32":
    _EventLoop = asyncio.ProactorEventLoop
else:
    _EventLoop = asyncio.SelectorEventLoop


class PortalLoop(_EventLoop):
    """An event loop that also works while the interpreter ends.

    Python stops the thread pools of all event loops before it calls exit handlers, and host names are resolved in
    those. This loop starts a thread for each function, or calls the function itself once no thread can be started.
    """

    inherited = False
    """True in a forked child. The parent's selector is shared with the child, which must not change it."""

    def is_closed(self) -> bool:
        return self.inherited or super().is_closed()

    def run_in_executor(self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:
        if executor is not None:
            return super().run_in_executor(executor, func, *args)
        future: Future[T] = Future()

        def work() -> None:
            _carry_out(lambda: func(*args), future)

        try:
            start_thread(work, "jobkit-portal-call")
        except RuntimeError:
            work()
        return asyncio.wrap_future(future, loop=self)


class Portal(Forkable):
    """A thread with an event loop, started on first use; it ends with the process."""

    def __init__(self) -> None:
        self._begin()
        track(self)

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._loop: PortalLoop | None = None

    def after_fork_in_child(self) -> None:
        """Start an own loop on the next use. The parent's is kept, since collecting it would close its connections."""
        if self._loop is not None:
            self._loop.inherited = True
            _inherited.append(self._loop)
        self._begin()

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                loop = PortalLoop()
                try:
                    start_thread(lambda: self._run(loop), "jobkit-portal")
                except RuntimeError as error:
                    loop.close()
                    raise BackendUnavailable(
                        f"no thread could be started for jobkit's event loop: {error}; a program that uses jobkit "
                        f"while the interpreter ends has to use it once before"
                    ) from error
                self._loop = loop
            return self._loop

    def call(self, make: Callable[[CallerThread], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine on the portal's loop, and wait for it here."""
        home = CallerThread()
        loop = self.loop
        future = asyncio.run_coroutine_threadsafe(make(home), loop)
        try:
            return home.run_until(future)
        except BaseException:
            future.cancel()
            raise

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        while True:
            try:
                loop.run_forever()
            except (KeyboardInterrupt, SystemExit):
                continue  # a task raised it, and the caller that waits for the task has it too
            return


_inherited: list[PortalLoop] = []
_portal = Portal()


def portal() -> Portal:
    """Return the portal of this process. A forked child has its own."""
    return _portal
