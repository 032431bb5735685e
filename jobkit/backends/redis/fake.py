"""The same backend and the same scripts on fakeredis: a server in the memory of this process."""

from __future__ import annotations

from importlib.metadata import version
from urllib.parse import urlsplit

import fakeredis
from fakeredis._clients._sync import FakeRedisConnection
from fakeredis.aioredis import FakeAsyncRedisConnection

from jobkit.backends.redis.backend import RedisBackend
from jobkit.backends.redis.redis_py import client_identity
from jobkit.backends.redis.settings import Settings
from jobkit.clock import Clock
from jobkit.forks import Forkable, track

VERSION = version("fakeredis")


class FakeServers(Forkable):
    """The servers of this process by name. A forked child begins without any."""

    def __init__(self) -> None:
        self._found: dict[str, fakeredis.FakeServer] = {}
        track(self)

    def find(self, name: str) -> fakeredis.FakeServer:
        """Return the server of that name."""
        found = self._found.get(name)
        return found or self._found.setdefault(name, fakeredis.FakeServer())

    def after_fork_in_child(self) -> None:
        self._found = {}


_servers = FakeServers()


def server(name: str) -> fakeredis.FakeServer:
    """Return the server of this process under a name."""
    return _servers.find(name)


def factory(url: str | None, namespace: str, clock: Clock | None) -> RedisBackend:
    """``fakeredis:`` and ``fakeredis:NAME``: the same name in the same process is the same server."""
    name = urlsplit(url or "fakeredis:").path
    return open_fake(server(name), namespace, clock)


def open_fake(server: fakeredis.FakeServer, namespace: str, clock: Clock | None) -> RedisBackend:
    """A client of one fake server."""
    settings = Settings(where=f"fakeredis {VERSION}", url="redis://fakeredis", shared=False)
    return RedisBackend(
        settings,
        namespace,
        clock,
        connect=lambda: FakeAsyncRedisConnection(server=server, socket_timeout=None, **client_identity()),
        connect_blocking=lambda: FakeRedisConnection(server=server, **client_identity()),
    )
