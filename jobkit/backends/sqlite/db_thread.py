"""The thread on which a client's steps run, so that no event loop waits for a disk."""

from __future__ import annotations

import asyncio
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

from jobkit.backends.sqlite.store import Store
from jobkit.errors import BackendUnavailable, Closed
from jobkit.forks import Forkable, track

T = TypeVar("T")

RESERVE = 0.1
"""Part of a verb's time that is left for saying that the rest was not enough."""


class Call(Generic[T]):
    """A step that somebody awaits. Whoever stops awaiting has it undone: it is not begun, or what it did is reverted.

    ``work`` is told until when it may wait, on the monotonic clock. ``undo`` takes what ``work`` answered.
    """

    def __init__(self, work: Callable[[float], T], undo: Callable[[T], object] | None, until: float) -> None:
        self.answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._loop = asyncio.get_running_loop()
        self._work = work
        self._undo = undo
        self._until = until
        self._lock = threading.Lock()
        self._abandoned = False
        self._done: list[T] = []
        """What it answered, if it did."""

    def perform(self) -> None:
        """On the thread."""
        if self._abandoned:
            return
        error: BaseException | None = None
        try:
            answer = [self._work(self._until)]
        except BaseException as caught:  # noqa: BLE001 - raised again where somebody awaits it
            answer, error = [], caught
        with self._lock:
            self._done = answer
            if self._abandoned:
                self._revert()
                return
        try:
            self._loop.call_soon_threadsafe(self._deliver, answer, error)
        except RuntimeError:  # the loop is closed, and so nobody is there to take it
            if (more := self.abandon()) is not None:
                more()

    def abandon(self) -> Callable[[], None] | None:
        """Nobody awaits it any more; what is still to be done about that, on the thread."""
        with self._lock:
            self._abandoned = True
            return self._revert if self._done else None

    def _deliver(self, answer: list[T], error: BaseException | None) -> None:
        if self.answer.done():
            return
        if error is None:
            self.answer.set_result(answer[0])
        else:
            self.answer.set_exception(error)

    def _revert(self) -> None:
        done, self._done = self._done, []
        if done and self._undo is not None:
            with suppress(BackendUnavailable, Closed):  # then the lease runs out, as after a crash
                self._undo(done[0])


class StoreThread(Forkable):
    """Runs calls one after another; begun by the first, ended by `end` or with the last who knows it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._begin()
        track(self)

    def _begin(self) -> None:
        self._queue: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        # Holds the store until then: its connection may not be found unclosed among what nobody knows any more.
        self._forgotten = weakref.finalize(self, _end, self._queue, self._store.close)
        self._forgotten.atexit = False

    def after_fork_in_child(self) -> None:
        """Start a thread on the next call: the parent's is not here."""
        self._forgotten.detach()
        self._begin()

    @property
    def ident(self) -> int | None:
        """The running thread, as the system knows it."""
        return self._thread.ident if self._thread is not None and self._thread.is_alive() else None

    async def run(self, work: Callable[[float], T], undo: Callable[[T], object] | None = None) -> T:
        """What ``work`` answers, within the store's timeout; cancelling leaves nothing half done."""
        seconds = self._store.settings.timeout / 1000
        call = Call(work, undo, time.monotonic() + seconds * (1 - RESERVE))
        self._put(call.perform)
        try:
            async with asyncio.timeout(seconds):
                return await call.answer
        except TimeoutError as error:
            self._abandon(call)
            path = self._store.settings.path
            raise BackendUnavailable(f"{path} gave no answer within {self._store.settings.timeout} ms") from error
        except asyncio.CancelledError:
            self._abandon(call)
            raise

    def _abandon(self, call: Call[Any]) -> None:
        if (more := call.abandon()) is not None:
            self._put(more)

    def _put(self, job: Callable[[], None]) -> None:
        if self._thread is None and not self._start():
            job()  # an interpreter that ends lets no thread begin: here, then
            return
        self._queue.put(job)

    def _start(self) -> bool:
        thread = threading.Thread(target=serve, args=(self._queue,), name="jobkit-sqlite", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            return False
        self._thread = thread
        return True

    async def end(self) -> None:
        """What was asked before is done; then the store is closed and the thread over."""
        self._forgotten.detach()
        if self._thread is None:
            self._store.close()
            return
        loop, over = asyncio.get_running_loop(), asyncio.Event()

        def close() -> None:
            self._store.close()
            with suppress(RuntimeError):  # the loop did not wait for it
                loop.call_soon_threadsafe(over.set)

        self._queue.put(close)
        self._queue.put(None)
        self._thread = None
        await over.wait()


def _end(queue: SimpleQueue[Callable[[], None] | None], close: Callable[[], None]) -> None:
    queue.put(close)
    queue.put(None)


def serve(queue: SimpleQueue[Callable[[], None] | None]) -> None:
    """Knows the queue alone, so that a client that nobody closed can be forgotten."""
    while (job := queue.get()) is not None:
        job()
        del job
