"""An honest backend with every hook: an inline store as if it were a server, behind a wire that can be cut.

It has all that memory has not: connections, faults, restarts, repeats of its own, retention, a clock of its own.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeVar

import msgspec

from jobkit.backend import (
    Backend,
    CancelOutcome,
    Capabilities,
    Counts,
    DeleteOutcome,
    Delivery,
    EnqueueOutcome,
    ExtendOutcome,
    Extension,
    Message,
    NotFound,
    Page,
    Release,
    RequeueOutcome,
    Settlement,
    SettleOutcome,
    Stored,
)
from jobkit.backends.inline.backend import CAPABILITIES, InlineBackend, Memory
from jobkit.backends.inline.store import Store
from jobkit.clock import Clock
from jobkit.errors import BackendFull, BackendUnavailable, Closed, ConfigurationError
from jobkit.lifecycle import State, Transition
from jobkit.validation import check_messages, check_name, check_reserve
from jobkit_conformance import BackendHarness

T = TypeVar("T")

RETENTION = 30 * 24 * 3_600_000
TRIES = 3


class RetainingStore(Store):
    """Drops what has been dead for long."""

    def begin(self, now: int) -> int:
        now = super().begin(now)
        for queue in list(self._queues.values()):
            for since, _, id in tuple(queue.dead.until(now - RETENTION)):
                self._end(self._jobs[id], Transition.PURGE, since + RETENTION)
        return now


class OffsetClock:
    """The server's clock, which no client's has a say in, ahead by what somebody said."""

    def __init__(self) -> None:
        self.ahead = 0

    def now_ms(self) -> int:
        return time.clock_gettime_ns(time.CLOCK_REALTIME) // 1_000_000 + self.ahead


class Cut(ConnectionError):
    """This connection is no more."""


class Connection:
    """One way to the server, for as long as nobody cuts it."""

    def __init__(self, server: Server) -> None:
        self.server = server
        server.connections.add(self)

    def check(self) -> None:
        if self not in self.server.connections:
            raise Cut("the connection was reset")


class Server:
    """Stores by namespace, and all that can happen to them."""

    def __init__(self, store: type[Store] = RetainingStore) -> None:
        self._store = store
        self._memories: dict[str, tuple[Memory, OffsetClock]] = {}
        self._replies: dict[str, Any] = {}
        self.connections: set[Connection] = set()
        self.up = True
        self.full = False
        self.evicting = False
        self.worked = 0.0

    def namespace(self, name: str) -> tuple[Memory, OffsetClock]:
        if name not in self._memories:
            memory = Memory()
            memory.store = self._store()
            self._memories[name] = memory, OffsetClock()
        return self._memories[name]

    def store(self, namespace: str) -> Store:
        return self.namespace(namespace)[0].store

    def stores(self) -> list[Store]:
        return [memory.store for memory, _ in self._memories.values()]

    def wipe(self, name: str) -> None:
        self._memories.pop(name, None)

    def cut(self) -> None:
        self.connections.clear()

    async def perform(self, id: str, step: Callable[[], Awaitable[T]]) -> T:
        """Do what a call asks, unless it was done already."""
        if id not in self._replies:
            begun = time.thread_time()
            self._replies[id] = await step()  # never waits
            self.worked += (time.thread_time() - begun) * 1000
            while len(self._replies) > 1000:
                del self._replies[next(iter(self._replies))]
        return self._replies[id]  # type: ignore[no-any-return]


class RemoteBackend(Backend):
    """A client: one connection, opened on first use, and again when it was cut."""

    claims = msgspec.structs.replace(
        CAPABILITIES, durable="process", shared=True, repeat_window=60_000, retention=RETENTION, connections=1
    )

    def __init__(self, server: Server, namespace: str) -> None:
        check_name("namespace", namespace)
        self.server = server
        self.namespace = namespace
        memory, clock = server.namespace(namespace)
        self.inline = InlineBackend(memory, clock)
        self._connection: Connection | None = None
        self._closed = False

    @property
    def capabilities(self) -> Capabilities:
        return self.claims

    # The wire.

    async def call(self, step: Callable[[], Awaitable[T]]) -> T:
        """Send a call until there is a reply; the server knows a repeat by its id."""
        id = os.urandom(12).hex()
        for tries_left in reversed(range(TRIES)):
            if self._closed:
                raise Closed("this client is closed")
            try:
                return await self.once(id, step)
            except ConnectionError as error:
                self._connection = None
                if not tries_left:
                    raise BackendUnavailable("the server does not answer") from error
        raise AssertionError

    async def once(self, id: str, step: Callable[[], Awaitable[T]]) -> T:
        connection = self._connect()
        await asyncio.sleep(0)
        connection.check()
        answer = await self.server.perform(id, step)
        await asyncio.sleep(0)
        connection.check()
        return answer

    def _connect(self) -> Connection:
        if not self.server.up:
            raise ConnectionRefusedError("nobody listens there")
        if self.server.evicting:
            raise ConfigurationError("this server may evict live jobs: set it to noeviction")
        if self._connection is None:
            self._connection = Connection(self.server)
        return self._connection

    # Verbs.

    async def enqueue(self, messages: Sequence[Message]) -> list[EnqueueOutcome]:
        check_messages(messages, self.capabilities)
        if self.server.full and messages:
            raise BackendFull("the server has no room for more jobs")
        return await self.call(lambda: self.inline.enqueue(messages))

    async def reserve(self, queues: Sequence[str], *, limit: int, lease: int, wait: int = 0) -> list[Delivery]:
        check_reserve(queues, limit, lease, wait, self.capabilities)
        deadline = time.monotonic() + wait / 1000
        while True:
            found = await self._take(queues, limit, lease)
            left = deadline - time.monotonic()
            if found or left <= 0:
                return found
            await asyncio.sleep(min(left, 0.005))

    async def _take(self, queues: Sequence[str], limit: int, lease: int) -> list[Delivery]:
        """Not to be cancelled half way: what it took would be nobody's."""
        taking = asyncio.ensure_future(self.call(lambda: self.inline.reserve(queues, limit=limit, lease=lease)))
        try:
            return await asyncio.shield(taking)
        except asyncio.CancelledError:
            await asyncio.wait([taking])
            if not taking.cancelled() and taking.exception() is None:
                await self.inline.settle([Release(delivery.token) for delivery in taking.result()])
            raise

    async def settle(self, settlements: Sequence[Settlement]) -> list[SettleOutcome]:
        return await self.call(lambda: self.inline.settle(settlements))

    async def extend(self, extensions: Sequence[Extension]) -> list[ExtendOutcome]:
        return await self.call(lambda: self.inline.extend(extensions))

    async def cancel(self, ids: Sequence[str]) -> list[CancelOutcome]:
        return await self.call(lambda: self.inline.cancel(ids))

    async def requeue(self, ids: Sequence[str]) -> list[RequeueOutcome]:
        return await self.call(lambda: self.inline.requeue(ids))

    async def get(self, ids: Sequence[str]) -> list[Stored | NotFound]:
        return await self.call(lambda: self.inline.get(ids))

    async def counts(self, queue: str) -> Counts:
        return await self.call(lambda: self.inline.counts(queue))

    async def queues(self) -> list[str]:
        return await self.call(self.inline.queues)

    async def peek(self, queue: str, state: State, cursor: str | None = None) -> Page:
        return await self.call(lambda: self.inline.peek(queue, state, cursor))

    async def delete(self, ids: Sequence[str]) -> list[DeleteOutcome]:
        return await self.call(lambda: self.inline.delete(ids))

    async def purge(self, queue: str, state: State, limit: int) -> int:
        return await self.call(lambda: self.inline.purge(queue, state, limit))

    async def pause(self, queue: str) -> None:
        await self.call(lambda: self.inline.pause(queue))

    async def resume(self, queue: str) -> None:
        await self.call(lambda: self.inline.resume(queue))

    async def cell_get(self, name: str) -> tuple[bytes, int] | None:
        return await self.call(lambda: self.inline.cell_get(name))

    async def cell_set(self, name: str, value: bytes, expected_version: int) -> int | None:
        return await self.call(lambda: self.inline.cell_set(name, value, expected_version))

    async def close(self) -> None:
        self._closed = True
        if self._connection is not None:
            self.server.connections.discard(self._connection)


class RemoteHarness(BackendHarness):
    """A subclass names the class with the fault."""

    clock_mode = "offset"
    remote = True
    store: type[Store] = RetainingStore
    client: type[RemoteBackend] = RemoteBackend

    def __init__(self) -> None:
        self.server = Server(self.store)

    async def open(self, namespace: str, clock: Clock | None) -> RemoteBackend:
        return self.client(self.server, namespace)

    async def wipe(self, namespace: str) -> None:
        self.server.wipe(namespace)

    def describe(self) -> str:
        return "an inline store as if it were a server"

    async def move(self, namespace: str, offset_ms: int) -> None:
        self.server.namespace(namespace)[1].ahead = offset_ms

    async def kill(self) -> None:
        self.server.up = False
        self.server.cut()

    async def restart(self) -> None:
        self.server.cut()
        self.server.up = True

    async def drop(self) -> None:
        self.server.cut()

    async def fill(self, full: bool) -> None:  # noqa: FBT001  (the hook's signature)
        self.server.full = full

    def evicting(self) -> AbstractAsyncContextManager[Backend]:
        return self._evicting()

    @asynccontextmanager
    async def _evicting(self) -> AsyncIterator[Backend]:
        self.server.evicting = True
        client = self.client(self.server, "evicting")
        try:
            yield client
        finally:
            self.server.evicting = False
            await client.close()

    async def cost(self) -> float:
        return self.server.worked

    async def footprint(self, namespace: str) -> Mapping[str, int]:
        memory, _ = self.server.namespace(namespace)
        return {name: size for name, size in memory.store.footprint().items() if size}

    async def connections(self) -> int:
        return len(self.server.connections)

    def secrets(self) -> Sequence[str]:
        return ["correct horse battery staple"]
