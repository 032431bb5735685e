"""The thread of a client within a simulation: steps and answers travel on a wire that a test decides about."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol, TypeVar

from jobkit.backends.sqlite.db_thread import Call, StoreThread
from jobkit.backends.sqlite.store import Store
from jobkit.errors import BackendUnavailable

T = TypeVar("T")


class Wire(Protocol):
    """The ways to the thread and back."""

    async def transmit(self, lane: str, what: str) -> bool:
        """Wait until ``what`` arrives; False when it got lost."""
        ...


class SimulatedThread(StoreThread):
    """Steps run where they arrive, on the loop itself, one after another. A real thread loses none, but may be late."""

    def __init__(self, store: Store, wire: Wire) -> None:
        super().__init__(store)
        # There is no thread to be told, and who tells it holds the store, whose clock knows the whole simulation:
        # nothing of that would ever be forgotten, nor its files closed.
        self._forgotten.detach()
        self._wire = wire

    async def run(self, work: Callable[[float], T], undo: Callable[[T], object] | None = None) -> T:
        seconds = self._store.settings.timeout / 1000
        call = Call(work, undo, time.monotonic() + seconds)
        try:
            async with asyncio.timeout(seconds):
                return await self._carry(call)
        except (TimeoutError, asyncio.CancelledError) as error:
            call.answer.cancel()
            if (more := call.abandon()) is not None:
                more()
            if isinstance(error, TimeoutError):
                raise BackendUnavailable("the step gave no answer") from error
            raise

    async def _carry(self, call: Call[T]) -> T:
        if not await self._wire.transmit("out", "a step"):
            raise BackendUnavailable("the step was lost")
        call.perform()
        if not await self._wire.transmit("back", "the answer of a step"):
            call.answer.cancel()
            raise BackendUnavailable("the answer of the step was lost")
        return await call.answer

    async def end(self) -> None:
        self._store.close()
