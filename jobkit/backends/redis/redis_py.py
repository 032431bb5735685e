"""redis-py at the border: connections for event loops and for threads, which try nothing again by themselves.

Only a verb knows what of it may be repeated. What of redis-py has no types gets them here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cache
from importlib.metadata import version
from typing import Any, Protocol, TypeAlias, cast
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import redis.asyncio.connection
import redis.connection
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

from jobkit.backends.redis.requests import Word
from jobkit.backends.redis.settings import Settings
from jobkit.backends.redis.urls import Address, Nodes

_for_loops: Any = redis.asyncio.connection
_for_threads: Any = redis.connection
_hiredis: Any
try:
    import hiredis as _hiredis
except ImportError:
    _hiredis = None


class Connection(Protocol):
    """To a server, of one event loop."""

    async def connect(self) -> None: ...
    async def disconnect(self, nowait: bool = False) -> None: ...  # noqa: FBT001, FBT002
    async def send_packed_command(self, command: bytes | Iterable[bytes]) -> None: ...
    async def read_response(self, *, disable_decoding: bool) -> Any: ...
    def pack_command(self, *words: Word) -> Iterable[bytes]: ...


class BlockingConnection(Protocol):
    """To a server, of one thread at a time. It connects when it first sends."""

    def connect(self) -> None: ...
    def disconnect(self) -> None: ...
    def send_command(self, *words: Word) -> None: ...
    def read_response(self, *, disable_decoding: bool) -> Any: ...


Connect: TypeAlias = Callable[[], Connection]
ConnectBlocking: TypeAlias = Callable[[], BlockingConnection]


def pack(words: Sequence[Word]) -> bytes | None:
    """A command as bytes, by hiredis, many times quicker than by Python; None where that is not installed."""
    return None if _hiredis is None else bytes(_hiredis.pack_command(tuple(words)))


class _Packer:
    """In place of redis-py's own, which looks at each word in Python before hiredis does."""

    def pack(self, *words: Word) -> list[bytes | None]:
        return [pack(words)]


@cache
def client_identity() -> dict[str, Any]:
    """Who connects, as servers list it from 7.2 on. Left to itself redis-py looks up its own version in its package's
    files for each connection, which takes longer than to connect; before version 7 it did so once.
    """
    try:
        from redis.driver_info import DriverInfo
    except ImportError:
        return {}
    return {"driver_info": DriverInfo().add_upstream_driver("jobkit", version("jobkit-core"))}


def connection(settings: Settings, at: Address | None = None) -> Connection:
    """For an event loop; whoever waits for an answer says how long."""
    further: dict[str, Any] = {"retry": AsyncRetry(NoBackoff(), 0), "socket_timeout": None}
    kind, options = _how(_for_loops, settings, at)
    opened: Connection = _impatient(kind)(**options, **further)
    return opened


def blocking_connection(settings: Settings, at: Address | None = None) -> BlockingConnection:
    """For threads: the socket itself gives up."""
    further: dict[str, Any] = {"retry": Retry(NoBackoff(), 0), "socket_timeout": settings.timeout / 1000}
    if _hiredis is not None:
        further["command_packer"] = _Packer()
    kind, options = _how(_for_threads, settings, at)
    opened: BlockingConnection = kind(**options, **further)
    return opened


def discovery_settings(settings: Settings, nodes: Nodes) -> Settings:
    """How to speak to those who are asked where the data is: briefly, since there are others."""
    seconds = settings.timeout / (len(nodes.addresses) + 1)
    url = settings.url
    if nodes.kind == "sentinel":
        parts = urlsplit(url)
        login = {name: value for name, value in nodes.login.items() if name in ("username", "password")}
        query = urlencode([*((name, value) for name, value in parse_qsl(parts.query) if name != "db"), *login.items()])
        url = urlunsplit(parts._replace(netloc="localhost", path="", query=query))
    return replace(settings, url=url, timeout=max(1, int(seconds)))


def _how(side: Any, settings: Settings, at: Address | None) -> tuple[Any, dict[str, Any]]:
    """redis-py's class for a connection, and what it is made with."""
    options: dict[str, Any] = {"host": "localhost", **side.parse_url(settings.url)}
    kind = options.pop("connection_class", side.Connection)
    if kind is side.UnixDomainSocketConnection:
        del options["host"]
    elif at is not None:
        options["host"], options["port"] = at
    return kind, {**options, "socket_connect_timeout": settings.timeout / 1000, "protocol": 2, **client_identity()}


class _AbortingConnection:
    """Gives up a connection at once: what is not sent yet is dropped, and no goodbye is waited for.

    redis-py closes it, and asyncio then waits for half a minute for the other side's goodbye, where it is encrypted, or
    until what is buffered is sent, for as long as the system tries.
    """

    _writer: asyncio.StreamWriter | None

    async def disconnect(self, nowait: bool = False, **further: Any) -> None:  # noqa: FBT001, FBT002
        writer, polite = self._writer, False
        try:
            await cast(Any, super()).disconnect(nowait, **further)
            polite = not nowait
        except RedisTimeoutError:
            return  # it is gone all the same
        finally:
            if writer is not None and not polite:
                writer.transport.abort()


@cache
def _impatient(kind: Any) -> Any:
    return type(kind.__name__, (_AbortingConnection, kind), {})
