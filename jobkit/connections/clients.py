"""One client a loop, opened on first use and closed with it; one for callers without; a forked child has its own."""

from __future__ import annotations

import asyncio
import atexit
import logging
import threading
import weakref
from collections.abc import AsyncGenerator, Sequence
from typing import Final

from jobkit.backend import Backend, Blocking, Capabilities, EnqueueOutcome, Message, SupportsBlocking
from jobkit.connections.loop_scope import close_with_loop
from jobkit.connections.portal import PortalLoop, portal
from jobkit.connections.resolver import BackendSource
from jobkit.forks import Forkable, track

CLOSING: Final = 10.0
"""Seconds that a loop in another thread has to close its client."""

AT_EXIT: Final = 2.0
"""Seconds to wait for the client of the portal's loop to close when the interpreter ends."""

log = logging.getLogger("jobkit.connections")

_all: weakref.WeakSet[Clients] = weakref.WeakSet()


class Clients(Forkable):
    """Every open backend of one source in this process."""

    def __init__(self, source: BackendSource) -> None:
        self.source = source
        self.closed = False
        """Nobody will ask for this source again."""
        self._capabilities: Capabilities | None = None
        self._begin()
        _all.add(self)
        track(self)

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._by_loop: dict[asyncio.AbstractEventLoop, tuple[Backend, AsyncGenerator[None, None]]] = {}
        self._blocking: Blocking | None = None

    @property
    def capabilities(self) -> Capabilities:
        """What the backend claims; known without a connection, since opening a client opens none."""
        if self._capabilities is None:  # not a cached_property, which has a lock for all instances before Python 3.12
            self._capabilities = self.source.open().capabilities
        return self._capabilities

    def for_running_loop(self) -> Backend:
        """The client of the running loop."""
        loop = asyncio.get_running_loop()
        with self._lock:
            if loop not in self._by_loop:
                self._forget_closed_loops()
                backend = self.source.open()
                self._by_loop[loop] = backend, close_with_loop(self._close_with(loop, backend))
            return self._by_loop[loop][0]

    def blocking(self) -> Blocking:
        """The client of callers without a loop."""
        with self._lock:
            if self._blocking is None:
                backend = self.source.open()
                self._blocking = backend.blocking() if isinstance(backend, SupportsBlocking) else PortalClient(self)
            return self._blocking

    async def aclose(self) -> None:
        """Close the client of the running loop, if there is one."""
        if found := self._by_loop.get(asyncio.get_running_loop()):
            await found[1].aclose()

    def close_blocking(self) -> None:
        with self._lock:
            blocking, self._blocking = self._blocking, None
        if blocking is not None:
            blocking.close()

    def close_all(self) -> None:
        """Close every client, each on its own loop, for good: a loop in another thread is asked, an idle one is run.

        Not from a running loop.
        """
        self.closed = True
        self.close_blocking()
        for loop, (_, tethered) in tuple(self._by_loop.items()):
            if loop.is_running():
                asyncio.run_coroutine_threadsafe(tethered.aclose(), loop).result(CLOSING)
            elif not loop.is_closed():
                loop.run_until_complete(tethered.aclose())

    async def _close_with(self, loop: asyncio.AbstractEventLoop, backend: Backend) -> AsyncGenerator[None, None]:
        """A loop that shuts down ends its asynchronous generators, so this one waits for that."""
        try:
            yield
        finally:
            self._by_loop.pop(loop, None)
            await backend.close()

    def close_on_portal(self) -> None:
        """Close the client of the portal's loop, which does not shut down by itself."""
        for loop, (_, tethered) in tuple(self._by_loop.items()):
            if isinstance(loop, PortalLoop) and not loop.is_closed():
                try:
                    asyncio.run_coroutine_threadsafe(tethered.aclose(), loop).result(AT_EXIT)
                except TimeoutError:
                    log.warning("%s could not be closed within %g s", self.source, AT_EXIT)

    def _forget_closed_loops(self) -> None:
        for loop in [loop for loop in self._by_loop if loop.is_closed()]:
            del self._by_loop[loop]

    def after_fork_in_child(self) -> None:
        """Open own clients on their next use. The parent's stay as they are."""
        self._begin()


class PortalClient:
    """A blocking face for backends that have none: through the portal's loop."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def enqueue(self, messages: Sequence[Message]) -> list[EnqueueOutcome]:
        return portal().call(lambda _: self._enqueue(messages))

    async def _enqueue(self, messages: Sequence[Message]) -> list[EnqueueOutcome]:
        return await self._clients.for_running_loop().enqueue(messages)

    def close(self) -> None:
        portal().call(lambda _: self._clients.aclose())


def opened(source: BackendSource) -> list[Clients]:
    """Everything that is open of one source."""
    return [clients for clients in _all if clients.source == source]


@atexit.register
def _close_on_portal() -> None:
    """Close clients when the interpreter ends: after what is registered later has used them, since that comes first."""
    for clients in list(_all):
        clients.close_on_portal()
