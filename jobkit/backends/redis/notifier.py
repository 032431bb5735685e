"""How a reserve waits: for somebody to ring for one of its queues, without taking anything.

A ring is an entry of a list that one waiter takes. Whoever takes one and finds nothing to do with it passes it on, so
that it is lost only with a process that dies right then; and then others look by themselves after the slack.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from redis.exceptions import RedisError

from jobkit.backends.redis.connection import PipelinedConnection, spawn
from jobkit.backends.redis.errors import refused
from jobkit.backends.redis.keys import Keys
from jobkit.backends.redis.redis_py import Connect

log = logging.getLogger("jobkit.redis")

LISTEN = 10.0
"""Seconds that one listening command lasts."""


class Notifier:
    """Listens for a set of queues while somebody waits. Belongs to one event loop."""

    def __init__(self, make: Connect, keys: Keys, queues: Sequence[str]) -> None:
        self._channel = PipelinedConnection(make, LISTEN + 5)
        self._names = [keys.bell(queue) for queue in queues]
        self._waiters: list[asyncio.Future[bytes | None]] = []
        self._task: asyncio.Task[None] | None = None
        self._told = False
        self._closed = False

    async def wait(self, seconds: float) -> None:
        """Until the bell rings, or for so long; not at all once it is closed."""
        if self._closed:
            return
        loop = asyncio.get_running_loop()
        rung: asyncio.Future[bytes | None] = loop.create_future()
        self._waiters.append(rung)
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._listen(), name="jobkit-bell")
        timer = loop.call_later(seconds, _set, rung, None)
        try:
            await rung
        except asyncio.CancelledError:
            if rung.done() and not rung.cancelled() and (name := rung.result()) is not None:
                spawn(loop.create_task(self._forward(name)))  # rung for one who has gone meanwhile
            raise
        finally:
            timer.cancel()
            if rung in self._waiters:
                self._waiters.remove(rung)

    def wake_all(self) -> None:
        """Let everybody here look for themselves."""
        waiters, self._waiters = self._waiters, []
        for rung in waiters:
            _set(rung, None)

    async def _listen(self) -> None:
        """While somebody waits, and until the command that is under way then has ended."""
        while self._waiters:
            try:
                rang = await self._channel.call(["BLPOP", *self._names, f"{LISTEN:g}"])
            except Exception as error:  # noqa: BLE001 - told if it will not pass by itself
                self._tell(error)
                return  # who waits looks after the slack, and when it waits again this begins again
            if rang is not None:
                await self._ring(rang[0])

    def _tell(self, error: Exception) -> None:
        """Once: this will not pass by itself, and nobody would notice but by jobs that begin late."""
        if refused(error) and not self._told:
            self._told = True
            log.warning("workers wait without being woken, and look only now and then: BLPOP is refused: %s", error)

    async def _ring(self, name: bytes) -> None:
        while self._waiters:
            rung = self._waiters.pop(0)
            if not rung.done():
                rung.set_result(name)
                return
        await self._forward(name)

    async def _forward(self, name: bytes) -> None:
        try:
            await self._channel.call(["RPUSH", name, "1"])
        except (RedisError, OSError):
            return  # lost with the connection, and others look after the slack

    async def close(self) -> None:
        self._closed = True
        self.wake_all()
        await self._channel.close()
        if self._task is not None:
            await asyncio.wait([self._task])


def _set(rung: asyncio.Future[bytes | None], name: bytes | None) -> None:
    if not rung.done():
        rung.set_result(name)
