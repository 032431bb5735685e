"""How the Redis backend presents itself to the conformance kit: on a private server, or on one that is named."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, ClassVar, Final, Literal, cast
from urllib.parse import urlsplit, urlunsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from jobkit.backends.redis import fake
from jobkit.backends.redis.backend import RedisBackend
from jobkit.backends.redis.keys import Keys
from jobkit.backends.redis.settings import read
from jobkit.clock import Clock
from jobkit.testing.redis.resp import RespSplitter
from jobkit.testing.redis.server import SURVIVES_KILL, Server
from jobkit.testing.redis.simulated import SimulatedServer, open_simulated
from jobkit_conformance import BackendHarness
from jobkit_conformance.harness import Wire
from jobkit_conformance.transport.proxy import Proxy

OWN_SERVER_ONLY: Final = frozenset({"restart", "kill", "drop", "fill", "evicting", "cost", "connections", "store_url"})
"""What is done to a server that nobody else uses."""


class Harness(BackendHarness):
    """The server's own clock, plus an offset that the kit moves: the path that production takes."""

    clock_mode: ClassVar[Literal["frozen", "offset", "real"]] = "offset"
    worker_counts = True

    def __init__(self, url: str | None = None) -> None:
        self._server = Server.start(*SURVIVES_KILL) if url is None else None
        self._settings = read(url or f"{self._own.url}?durable=process&slack=200")
        self._admin: Any = None

    async def open(self, namespace: str, clock: Clock | None) -> RedisBackend:
        return RedisBackend(self._settings, namespace, clock, offset=self.clock_mode == "offset")

    async def through(self, namespace: str, clock: Clock | None, proxy: Proxy) -> RedisBackend:
        parts = urlsplit(self._settings.url)
        host, port = proxy.listen_for(parts.hostname or "localhost", parts.port or 6379, RespSplitter)
        login = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
        url = urlunsplit(parts._replace(netloc=f"{login}{host}:{port}"))
        settings = replace(self._settings, url=url, timeout=proxy.timeout or self._settings.timeout)
        return RedisBackend(settings, namespace, clock, offset=self.clock_mode == "offset")

    async def wipe(self, namespace: str) -> None:
        backend = RedisBackend(self._settings, namespace)
        await backend.wipe()
        await backend.close()

    def close(self) -> None:
        if self._admin is not None:
            self._admin.close()
        if self._server is not None:
            self._server.stop()

    def describe(self) -> str:
        return self._server.describe() if self._server is not None else self._settings.where

    def offers(self, hook: str) -> bool:
        if hook == "through" and (self._settings.nodes or not self._settings.url.startswith("redis://")):
            return False  # what is encrypted, or in a file, or finds its server by itself, passes no proxy
        return super().offers(hook) and (self._server is not None or hook not in OWN_SERVER_ONLY)

    # Hooks.

    async def move(self, namespace: str, offset_ms: int) -> None:
        if self._server is not None:
            self._client.hset(Keys(namespace).meta, "offset", offset_ms)
            return
        async with self._backend(namespace) as backend:
            await backend.ask("HSET", backend.keys.meta, "offset", offset_ms)

    async def restart(self) -> None:
        self._own.restart()

    async def kill(self) -> None:
        self._own.kill()

    def store_url(self) -> str:
        """Quick to notice that an answer will never come: within a part of the short leases that are played with."""
        return f"{self._own.url}?durable=process&slack=200&timeout=300"

    async def drop(self) -> None:
        self._client.script_flush()
        self._client.client_kill_filter(_type="normal", skipme=True)

    async def fill(self, full: bool) -> None:  # noqa: FBT001
        self._client.config_set("maxmemory", "1" if full else "0")

    @asynccontextmanager
    async def _evicting(self) -> AsyncGenerator[RedisBackend]:
        self._client.config_set("maxmemory-policy", "allkeys-lru")
        backend = RedisBackend(self._settings, "evicting")
        try:
            yield backend
        finally:
            await backend.close()
            self._client.config_set("maxmemory-policy", "noeviction")

    def evicting(self) -> Any:
        return self._evicting()

    async def cost(self) -> float:
        stats = self._client.info("commandstats")
        spent: list[int] = [stats.get(f"cmdstat_{name}", {}).get("usec", 0) for name in ("evalsha", "eval")]
        return sum(spent) / 1000

    async def footprint(self, namespace: str) -> Mapping[str, int]:
        async with self._backend(namespace) as backend:
            return await _sizes(backend)

    async def connections(self) -> int:
        return len(self._client.client_list()) - 1

    @property
    def _own(self) -> Server:
        assert self._server is not None
        return self._server

    @asynccontextmanager
    async def _backend(self, namespace: str) -> AsyncGenerator[RedisBackend]:
        """A client that asks whichever server has a namespace."""
        backend = RedisBackend(self._settings, namespace)
        try:
            yield backend
        finally:
            await backend.close()

    @property
    def _client(self) -> Any:
        """Of this process' own server, kept: it is asked hundreds of times. It may have been restarted meanwhile."""
        if self._admin is None:
            again = Retry(NoBackoff(), 1)
            self._admin = cast(Any, redis.Redis).from_url(self._own.url, retry=again, single_connection_client=True)
        return self._admin


class Frozen(Harness):
    """The same scripts, which take each instant from the kit: so boundaries are exact to the millisecond."""

    clock_mode = "frozen"


class FakeHarness(BackendHarness):
    """fakeredis: the same scripts once more, on a server in memory."""

    clock_mode = "frozen"
    worker_counts = True

    def __init__(self) -> None:
        self._server = fake.server("conformance")
        self._simulated: dict[str, SimulatedServer] = {}

    async def open(self, namespace: str, clock: Clock | None) -> RedisBackend:
        return fake.open_fake(self._server, namespace, clock)

    async def simulate(self, namespace: str, clock: Clock, wire: Wire) -> RedisBackend:
        server = self._simulated.setdefault(namespace, SimulatedServer(clock))
        return open_simulated(server, namespace, wire)

    async def wipe(self, namespace: str) -> None:
        if self._simulated.pop(namespace, None) is not None:
            return
        backend = fake.open_fake(self._server, namespace, None)
        await backend.wipe()
        await backend.close()

    def describe(self) -> str:
        return f"fakeredis {fake.VERSION}"


async def _sizes(backend: RedisBackend) -> dict[str, int]:
    """How many entries each key has; without the answers that are kept for repetitions, which expire."""
    measures = {b"hash": "HLEN", b"zset": "ZCARD", b"list": "LLEN"}
    cursor: int | None = None
    found: dict[str, int] = {}
    while cursor != 0:
        answer, names = await backend.ask("SCAN", cursor or 0, "MATCH", f"{backend.keys.prefix}*", "COUNT", 1000)
        cursor = int(answer)
        for name in (each for each in names if b":calls:" not in each):
            measure = measures[await backend.ask("TYPE", name)]
            found[name.decode()] = await backend.ask(measure, name)
    return found
