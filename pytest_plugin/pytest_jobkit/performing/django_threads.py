"""Where Django's thread-sensitive code runs while a verb performs: in the thread of the test."""

from __future__ import annotations

import asyncio
import sys
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from jobkit.connections.portal import CallerThread

T = TypeVar("T")


@contextmanager
def thread_sensitive(home: CallerThread) -> Generator[None]:
    """Inside, an asynchronous job's queries go through the connection of the waiting test, so see its transaction.

    As ``async_to_sync`` would have it, whose register of loops this uses: Django is what asks there.
    """
    if "django" not in sys.modules:
        yield
        return
    by_loop: dict[asyncio.AbstractEventLoop, Executor] = import_module("asgiref.sync").AsyncToSync.loop_thread_executors
    loop = asyncio.get_running_loop()
    before = by_loop.get(loop)
    by_loop[loop] = CallerThreadExecutor(home, loop)
    try:
        yield
    finally:
        if before is None:
            by_loop.pop(loop, None)
        else:
            by_loop[loop] = before


class CallerThreadExecutor(Executor):
    """Runs what it is given in the thread that waits for the verb."""

    def __init__(self, home: CallerThread, loop: asyncio.AbstractEventLoop) -> None:
        self._home = home
        self._loop = loop

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        return asyncio.run_coroutine_threadsafe(self._home.run(partial(fn, *args, **kwargs)), self._loop)
