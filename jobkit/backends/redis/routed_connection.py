"""Connections to whichever server has the data: they find it when they connect, and tell their route what they hear."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, TypeVar

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from jobkit.backends.redis.discovery import Discovery, Query, route_of
from jobkit.backends.redis.redis_py import (
    BlockingConnection,
    Connect,
    ConnectBlocking,
    Connection,
    blocking_connection,
    connection,
    discovery_settings,
)
from jobkit.backends.redis.requests import Word
from jobkit.backends.redis.settings import Settings
from jobkit.backends.redis.urls import Address

T = TypeVar("T")

LOST = (RedisError, OSError)


def opener(settings: Settings, key: str) -> Connect:
    """Makes connections for an event loop. ``key``: any of the namespace."""
    if (nodes := settings.nodes) is None:
        return lambda: connection(settings)
    route, asking = route_of(nodes, key), discovery_settings(settings, nodes)
    return lambda: RoutedConnection(route, settings, asking)


def blocking_opener(settings: Settings, key: str) -> ConnectBlocking:
    """Makes connections for threads."""
    if (nodes := settings.nodes) is None:
        return lambda: blocking_connection(settings)
    route, asking = route_of(nodes, key), discovery_settings(settings, nodes)
    return lambda: BlockingRoutedConnection(route, settings, asking)


class RoutedConnection:
    """As redis-py's, of one event loop."""

    def __init__(self, route: Discovery, settings: Settings, asking: Settings) -> None:
        self._route = route
        self._settings = settings
        self._asking = asking
        self._connection: Connection | None = None

    async def connect(self) -> None:
        found = connection(self._settings, await self._find())
        self._connection = found
        await found.connect()
        if self._route.greeting is not None:
            await found.send_packed_command(found.pack_command(*self._route.greeting))
            _refuse_unless(self._route.accepts(await found.read_response(disable_decoding=True)))

    async def _find(self) -> Address:
        search, answer = self._route.find(), None
        try:
            while True:
                answer = await self._ask(search.send(answer))
        except StopIteration as end:
            address: Address = end.value
            return address

    async def _ask(self, inquiry: Query) -> Any:
        address, words = inquiry
        asked = connection(self._asking, address)
        try:
            async with asyncio.timeout(self._asking.timeout / 1000):
                await asked.connect()
                await asked.send_packed_command(asked.pack_command(*words))
                return await asked.read_response(disable_decoding=True)
        except LOST:
            return None
        finally:
            await asked.disconnect(nowait=True)

    async def disconnect(self, nowait: bool = False) -> None:  # noqa: FBT001, FBT002
        if self._connection is not None:
            await self._connection.disconnect(nowait)

    async def send_packed_command(self, command: bytes | Iterable[bytes]) -> None:
        await _there(self._connection).send_packed_command(command)

    async def read_response(self, *, disable_decoding: bool) -> Any:
        try:
            return await _there(self._connection).read_response(disable_decoding=disable_decoding)
        except RedisError as error:
            self._route.on_error(error)
            raise

    def pack_command(self, *words: Word) -> Iterable[bytes]:
        return _there(self._connection).pack_command(*words)


class BlockingRoutedConnection:
    """As redis-py's, of one thread at a time. It connects when it first sends."""

    def __init__(self, route: Discovery, settings: Settings, asking: Settings) -> None:
        self._route = route
        self._settings = settings
        self._asking = asking
        self._connection: BlockingConnection | None = None

    def connect(self) -> None:
        found = self._connection = blocking_connection(self._settings, self._find())
        found.connect()
        if self._route.greeting is not None:
            found.send_command(*self._route.greeting)
            _refuse_unless(self._route.accepts(found.read_response(disable_decoding=True)))

    def _find(self) -> Address:
        search, answer = self._route.find(), None
        try:
            while True:
                answer = self._ask(search.send(answer))
        except StopIteration as end:
            address: Address = end.value
            return address

    def _ask(self, inquiry: Query) -> Any:
        address, words = inquiry
        asked = blocking_connection(self._asking, address)
        try:
            asked.send_command(*words)
            return asked.read_response(disable_decoding=True)
        except LOST:
            return None
        finally:
            asked.disconnect()

    def disconnect(self) -> None:
        found, self._connection = self._connection, None
        if found is not None:
            found.disconnect()

    def send_command(self, *words: Word) -> None:
        if self._connection is None:
            self.connect()
        _there(self._connection).send_command(*words)

    def read_response(self, *, disable_decoding: bool) -> Any:
        try:
            return _there(self._connection).read_response(disable_decoding=disable_decoding)
        except RedisError as error:
            self._route.on_error(error)
            raise


def _refuse_unless(welcome: bool) -> None:  # noqa: FBT001
    if not welcome:
        raise RedisConnectionError("the server that was found is no master: another is taking over")


def _there(connection: T | None) -> T:
    if connection is None:
        raise RedisConnectionError("there is no connection")
    return connection
