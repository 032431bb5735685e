"""An event loop on which somebody can act right when something has come in, however busy the machine is.

Between what a call is answered and what it does next lies one turn of the loop. Who counts turns from the beginning
meets it by luck, since how many pass while a server works hangs on the machine; who counts what comes in does not.
"""

from __future__ import annotations

import asyncio
import selectors
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

T = TypeVar("T")


class IoHookLoop:
    """What comes in on one loop, in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.SelectorEventLoop(_Counting(self._count))
        self._seen = 0
        self._wanted: dict[int, asyncio.Future[None]] = {}

    async def play(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """What it answers there; for another loop to wait for."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(coroutine, self._loop))

    def after_nth_read(self, number: int) -> asyncio.Future[None]:
        """For what is played there: done once so many more things have come in, before anybody else hears of them."""
        wanted = self._wanted[self._seen + number] = self._loop.create_future()
        return wanted

    def _count(self) -> None:
        self._seen += 1
        wanted = self._wanted.pop(self._seen, None)
        if wanted is not None and not wanted.done():
            wanted.set_result(None)

    def run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.get_loop().run_forever()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)


class _Counting(selectors.DefaultSelector):
    def __init__(self, tell: Callable[[], None]) -> None:
        super().__init__()
        self._tell = tell

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(timeout)
        if events:
            self._tell()
        return events


@asynccontextmanager
async def arrivals() -> AsyncGenerator[IoHookLoop]:
    """A loop of its own, which ends with this."""
    found = IoHookLoop()
    thread = threading.Thread(target=found.run, name="jobkit-arrivals", daemon=True)
    thread.start()
    try:
        yield found
    finally:
        found.stop()
        await asyncio.to_thread(thread.join)
