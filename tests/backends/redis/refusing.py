"""A connection whose server refuses a command now and then, in the words of real ones."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from redis._parsers.base import BaseParser

from jobkit.backends.redis.backend import RedisBackend
from jobkit.backends.redis.redis_py import Connection, connection
from jobkit.backends.redis.requests import Word
from jobkit.backends.redis.settings import read


class Refusals:
    """``times``: how many of the next commands are refused, and ``words``: with what."""

    def __init__(self) -> None:
        self.words = ""
        self.times = 0
        self.connections = 0

    def arm(self, words: str, times: int) -> None:
        self.words, self.times = words, times

    def open(self, url: str, namespace: str) -> RedisBackend:
        settings = read(url)
        return RedisBackend(settings, namespace, connect=lambda: RefusingConnection(self, connection(settings)))

    def next_one(self) -> Exception | None:
        if not self.times:
            return None
        self.times -= 1
        parse: Any = BaseParser.parse_error
        refusal: Exception = parse(self.words)
        return refusal


class RefusingConnection:
    """As redis-py's; what is refused does not reach the server."""

    def __init__(self, refusals: Refusals, inner: Connection) -> None:
        self._refusals = refusals
        self._inner = inner
        self._answers: asyncio.Queue[Exception | None] = asyncio.Queue()

    async def connect(self) -> None:
        self._refusals.connections += 1
        await self._inner.connect()

    async def disconnect(self, nowait: bool = False) -> None:  # noqa: FBT001, FBT002
        await self._inner.disconnect(nowait)

    async def send_packed_command(self, command: bytes | Iterable[bytes]) -> None:
        refusal = self._refusals.next_one()
        if refusal is None:
            await self._inner.send_packed_command(command)
        self._answers.put_nowait(refusal)

    async def read_response(self, *, disable_decoding: bool) -> Any:
        if (refusal := await self._answers.get()) is not None:
            raise refusal
        return await self._inner.read_response(disable_decoding=disable_decoding)

    def pack_command(self, *words: Word) -> Iterable[bytes]:
        return self._inner.pack_command(*words)
