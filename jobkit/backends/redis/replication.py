"""Waiting until replicas have what was written: one ``WAIT`` for all who wrote before it was sent.

A ``WAIT`` speaks of all that the server had written when this connection was last answered. So it has to go out on the
connection on which the answer came, and counts for nothing on any other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from jobkit.backends.redis.connection import PipelinedConnection
from jobkit.backends.redis.redis_py import Connection
from jobkit.backends.redis.requests import Word
from jobkit.backends.redis.settings import Settings
from jobkit.errors import BackendUnavailable


class ReplicaWaiter:
    """Of one channel. ``milliseconds``: how long the server waits for its replicas."""

    def __init__(self, channel: PipelinedConnection, replicas: int, milliseconds: int) -> None:
        self._channel = channel
        self._words: Sequence[Word] = ["WAIT", replicas, milliseconds]
        self._running: asyncio.Task[int] | None = None
        self._next: asyncio.Task[int] | None = None
        self._connection: Connection | None = None

    async def count(self, connection: Connection) -> int:
        """How many replicas have everything that this connection was answered so far."""
        if self._next is None or self._connection is not connection:
            self._connection = connection
            self._next = asyncio.get_running_loop().create_task(self._ask(connection, self._running))
            self._next.add_done_callback(_seen)
        return await asyncio.shield(self._next)

    async def _ask(self, connection: Connection, before: asyncio.Task[int] | None) -> int:
        if before is not None:
            await asyncio.wait([before])
        if self._next is asyncio.current_task():
            self._running, self._next = self._next, None  # who is answered from here on needs another
        answer, _ = await self._channel.call_on(self._words, only=connection)
        return int(answer)


def _seen(task: asyncio.Task[int]) -> None:
    """Whoever waited has the error; if nobody did, nobody wants it."""
    if not task.cancelled():
        task.exception()


def too_few_replicas(settings: Settings) -> BackendUnavailable:
    """What a caller is told whose call was done, and may be undone by a failover."""
    return BackendUnavailable(
        f"{settings.where}: done, but fewer than {settings.wait_replicas} replicas acknowledged it within"
        f" {settings.wait_timeout} ms, so a failover may undo it; with the same ids nothing is stored twice"
    )
