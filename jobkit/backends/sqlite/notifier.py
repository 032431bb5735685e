"""Who waits in this process, and for what: rung by whoever commits something that may be granted, in any thread."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Collection, Generator, Sequence
from contextlib import contextmanager
from typing import Final, TypeAlias

Place: TypeAlias = tuple[str, str]
"""A file and a namespace in it."""


class Notifier:
    """One waiting reserve, on its own loop."""

    def __init__(self, queues: Sequence[str]) -> None:
        self.queues = frozenset(queues)
        self._loop = asyncio.get_running_loop()
        self._event = asyncio.Event()

    def ring(self) -> None:
        """From any thread."""
        try:
            self._loop.call_soon_threadsafe(self._event.set)
        except RuntimeError:
            return  # its loop is closed: nobody waits there any more

    def clear(self) -> None:
        """What was rung until now is being looked after."""
        self._event.clear()

    async def wait(self, seconds: float) -> bool:
        """Whether it rang within so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return False
        return True


_lock = threading.Lock()
_bells: Final[dict[Place, dict[Notifier, None]]] = {}


@contextmanager
def waiting(place: Place, queues: Sequence[str]) -> Generator[Notifier]:
    """Be rung for these queues, from now on."""
    bell = Notifier(queues)
    with _lock:
        _bells.setdefault(place, {})[bell] = None
    try:
        yield bell
    finally:
        with _lock:
            left = _bells.get(place, {})
            left.pop(bell, None)
            if not left:
                _bells.pop(place, None)


def ring(place: Place, queues: Collection[str]) -> None:
    """Let everybody look who waits for one of these queues: who finds nothing has locked nothing."""
    if not queues or place not in _bells:
        return
    with _lock:
        rung = [bell for bell in _bells.get(place, ()) if not bell.queues.isdisjoint(queues)]
    for bell in rung:
        bell.ring()


def _after_fork() -> None:
    """The parent's loops are not the child's to wake: they share a pipe."""
    global _lock  # noqa: PLW0603 - it may have been held when the process was forked
    _lock = threading.Lock()
    _bells.clear()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_after_fork)
