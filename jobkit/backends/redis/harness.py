"""How the Redis backend presents itself to the conformance kit: on a private server, or on one that is named."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, ClassVar, Final, Literal, cast

import redis

from jobkit.backends.redis import fake
from jobkit.backends.redis.backend import RedisBackend
from jobkit.backends.redis.keys import Keys
from jobkit.backends.redis.server import Server
from jobkit.backends.redis.settings import read
from jobkit.backends.redis.simulated import SimulatedServer, open_simulated
from jobkit.clock import Clock
from jobkit_conformance import BackendHarness
from jobkit_conformance.harness import Wire

OWN_SERVER_ONLY: Final = frozenset({"restart", "kill", "drop", "fill", "evicting", "cost", "connections"})
"""What is done to a server that nobody else uses."""


class Harness(BackendHarness):
    """The server's own clock, plus an offset that the kit moves: the path that production takes."""

    clock_mode: ClassVar[Literal["frozen", "offset", "real"]] = "offset"
    worker_counts = True

    def __init__(self, url: str | None = None) -> None:
        self._server = Server.start("--appendonly", "yes", "--appendfsync", "everysec") if url is None else None
        self._settings = read(url or f"{self._own.url}?durable=process&slack=200")

    async def open(self, namespace: str, clock: Clock | None) -> RedisBackend:
        return RedisBackend(self._settings, namespace, clock, offset=self.clock_mode == "offset")

    async def wipe(self, namespace: str) -> None:
        backend = RedisBackend(self._settings, namespace)
        await backend.wipe()
        await backend.close()

    def close(self) -> None:
        if self._server is not None:
            self._server.stop()

    def describe(self) -> str:
        return self._server.describe() if self._server is not None else self._settings.where

    def offers(self, hook: str) -> bool:
        return super().offers(hook) and (self._server is not None or hook not in OWN_SERVER_ONLY)

    # Hooks.

    async def move(self, namespace: str, offset_ms: int) -> None:
        with self._client() as client:
            client.hset(Keys(namespace).meta, "offset", str(offset_ms))

    async def restart(self) -> None:
        self._own.restart()

    async def kill(self) -> None:
        self._own.kill()

    async def drop(self) -> None:
        with self._client() as client:
            client.script_flush()
            client.client_kill_filter(_type="normal", skipme=True)

    async def fill(self, full: bool) -> None:  # noqa: FBT001
        with self._client() as client:
            client.config_set("maxmemory", "1" if full else "0")

    @asynccontextmanager
    async def _evicting(self) -> AsyncGenerator[RedisBackend]:
        with self._client() as client:
            client.config_set("maxmemory-policy", "allkeys-lru")
            backend = RedisBackend(self._settings, "evicting")
            try:
                yield backend
            finally:
                await backend.close()
                client.config_set("maxmemory-policy", "noeviction")

    def evicting(self) -> Any:
        return self._evicting()

    async def cost(self) -> float:
        with self._client() as client:
            stats = client.info("commandstats")
        spent: list[int] = [stats.get(f"cmdstat_{name}", {}).get("usec", 0) for name in ("evalsha", "eval")]
        return sum(spent) / 1000

    async def footprint(self, namespace: str) -> Mapping[str, int]:
        with self._client() as client:
            return _sizes(client, Keys(namespace))

    async def connections(self) -> int:
        with self._client() as client:
            return len(client.client_list()) - 1

    @property
    def _own(self) -> Server:
        assert self._server is not None
        return self._server

    @contextmanager
    def _client(self) -> Generator[Any]:
        client: Any = cast(Any, redis.Redis).from_url(self._settings.url)
        try:
            yield client
        finally:
            client.close()


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


def _sizes(client: Any, keys: Keys) -> dict[str, int]:
    """How many entries each key has; without the answers that are kept for repetitions, which expire."""
    measures = {b"hash": client.hlen, b"zset": client.zcard, b"list": client.llen}
    names = [name for name in client.scan_iter(f"{keys.prefix}*") if b":calls:" not in name]
    return {name.decode(): measures[client.type(name)](name) for name in names}
