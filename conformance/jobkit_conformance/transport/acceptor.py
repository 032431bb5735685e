"""Where clients come in who are on their way to a store: each is served, and nobody is forgotten."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias

Serve: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]


class Acceptor:
    """Belongs to the running loop. ``serve``: what is done with each connection; it is closed at the end of that.

    It accepts at once and by hand: an `asyncio.Server` that is closed forgets whom it has accepted and not served yet.
    """

    def __init__(self, listener: socket.socket, serve: Serve) -> None:
        listener.setblocking(False)  # noqa: FBT003
        self._listener = listener
        self._serve = serve
        self._loop = asyncio.get_running_loop()
        self._accepted: set[socket.socket] = set()
        """Whom nobody serves yet."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop.add_reader(listener, self._accept)

    def stop_listening(self) -> None:
        """Let nobody in any more, and send away who is there."""
        if self._listener.fileno() >= 0:
            self._loop.remove_reader(self._listener)
            self._listener.close()
        for task in self._tasks:
            task.cancel()

    async def close(self) -> None:
        """Shut it, and wait until everybody has left."""
        self.stop_listening()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self) -> None:
        try:
            came, _ = self._listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return  # whoever it was has left
        came.setblocking(False)  # noqa: FBT003
        self._accepted.add(came)
        task = self._loop.create_task(self._handle(came))
        self._tasks.add(task)
        task.add_done_callback(lambda _: self._leave(task, came))

    def _leave(self, task: asyncio.Task[None], came: socket.socket) -> None:
        self._tasks.discard(task)
        if came in self._accepted:  # it was sent away before anybody served it
            self._accepted.discard(came)
            came.close()

    async def _handle(self, came: socket.socket) -> None:
        reader, writer = await asyncio.open_connection(sock=came)
        self._accepted.discard(came)
        try:
            with contextlib.suppress(OSError):  # whoever is at the other end sees a connection that has ended
                await self._serve(reader, writer)
        finally:
            writer.close()
