"""Keeps every event, and lets a test wait for one."""

from __future__ import annotations

import asyncio
from typing import Any, TypeVar

from jobkit.events import CancelAccepted, Deferred, EnqueueCreated, Event

T = TypeVar("T", bound=Event)

PATIENCE = 20.0
"""Seconds; an event that a test waits for comes within milliseconds, or never."""


class Recorder:
    """Made on the loop whose worker it watches."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()

    def __call__(self, event: Event | EnqueueCreated | Deferred | CancelAccepted) -> None:
        self.events.append(event)
        self._loop.call_soon_threadsafe(self._changed.set)

    def of(self, kind: type[T]) -> list[T]:
        return [event for event in self.events if isinstance(event, kind)]

    async def wait(self, kind: type[T], count: int = 1) -> list[T]:
        """Until there were so many events of a kind."""
        async with asyncio.timeout(PATIENCE):
            while len(self.of(kind)) < count:
                self._changed.clear()
                await self._changed.wait()
        return self.of(kind)
