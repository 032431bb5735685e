"""The same backend and the same scripts on fakeredis: a server in the memory of this process."""

from __future__ import annotations

import os
from importlib.metadata import version
from urllib.parse import urlsplit

import fakeredis
from fakeredis._clients._sync import FakeRedisConnection
from fakeredis.aioredis import FakeAsyncRedisConnection

from jobkit.backends.redis.backend import RedisBackend
from jobkit.backends.redis.redis_py import client_identity
from jobkit.backends.redis.settings import Settings
from jobkit.clock import Clock

VERSION = version("fakeredis")

_servers: dict[tuple[int, str], fakeredis.FakeServer] = {}


def server(name: str) -> fakeredis.FakeServer:
    """The server of this process under a name."""
    return _servers.setdefault((os.getpid(), name), fakeredis.FakeServer())


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
