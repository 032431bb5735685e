"""A client that is closed at any turn of its loop, whatever it is at: no connection outlives it, or comes later."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, TypeAlias

import fakeredis
import pytest
from fakeredis.aioredis import FakeAsyncRedisConnection
from redis.exceptions import ConnectionError as RedisConnectionError

import jobkit
from jobkit.backend import Message
from jobkit.backends.redis.backend import RedisBackend
from jobkit.backends.redis.connection import PipelinedConnection
from jobkit.backends.redis.redis_py import client_identity
from jobkit.backends.redis.requests import Word
from jobkit.backends.redis.settings import read

Play: TypeAlias = Callable[[RedisBackend], Coroutine[Any, Any, None]]

TURNS = 100
"""More than any play here takes until it ends, or waits for somebody else."""


class Connections:
    """To a server in memory, so that whatever they do takes as many turns of the loop each time."""

    def __init__(self) -> None:
        self.server = fakeredis.FakeServer()
        self.open = set[FakeAsyncRedisConnection]()

    def client(self) -> RedisBackend:
        return RedisBackend(read("redis://in-memory"), "closing", connect=self._make)

    def _make(self) -> FakeAsyncRedisConnection:
        connections = self

        class Counted(FakeAsyncRedisConnection):
            async def connect(self) -> None:
                connections.open.add(self)
                await super().connect()  # type: ignore[no-untyped-call]

            async def disconnect(self, *how: Any, **further: Any) -> None:
                await super().disconnect(*how, **further)
                connections.open.discard(self)

        return Counted(server=self.server, **client_identity())


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def enqueue(backend: RedisBackend) -> None:
    await backend.enqueue([Message("a", "q", b"")])


async def reserve(backend: RedisBackend) -> None:
    await backend.reserve(["q"], limit=1, lease=60_000)


async def wait(backend: RedisBackend) -> None:
    await backend.reserve(["q"], limit=1, lease=60_000, wait=60_000)


async def wait_and_be_woken(backend: RedisBackend) -> None:
    await asyncio.gather(wait(backend), enqueue(backend))


async def wait_and_give_up(backend: RedisBackend) -> None:
    waiting = asyncio.create_task(wait(backend))
    await turns(TURNS // 3)
    enqueuing = asyncio.create_task(enqueue(backend))
    await turns(5)
    waiting.cancel()
    await asyncio.wait([waiting])
    await enqueuing


PLAYS: list[Play] = [enqueue, reserve, wait, wait_and_be_woken, wait_and_give_up]


@pytest.mark.parametrize("play", PLAYS)
async def test_no_connection_outlives_its_client(play: Play) -> None:
    for turn in range(TURNS):
        connections = Connections()
        backend = connections.client()
        playing = asyncio.create_task(play(backend))
        await turns(turn)
        await backend.close()
        with contextlib.suppress(jobkit.Closed, jobkit.BackendUnavailable):
            await playing
        await turns(TURNS)
        assert connections.open == set(), f"closed at turn {turn}"


@pytest.mark.parametrize("play", PLAYS)
async def test_no_connection_outlives_a_client_whose_close_is_given_up(play: Play) -> None:
    for turn in range(TURNS // 2):
        connections = Connections()
        backend = connections.client()
        playing = asyncio.create_task(play(backend))
        await turns(turn)
        closing = asyncio.create_task(backend.close())
        await turns(1)
        closing.cancel()
        with contextlib.suppress(jobkit.Closed, jobkit.BackendUnavailable):
            await playing
        await turns(TURNS)
        assert connections.open == set(), f"closed at turn {turn}"


@pytest.mark.realtime
async def test_who_waits_to_try_again_does_not_once_it_is_closed() -> None:
    connections = Connections()
    connections.server.connected = False
    backend = connections.client()
    enqueuing = asyncio.create_task(enqueue(backend))
    await turns(TURNS)
    connections.server.connected = True
    await backend.close()
    with pytest.raises(jobkit.Closed):
        await enqueuing
    assert connections.open == set()


class Deaf:
    """A connection whose reader does not hear that it is cancelled, and reads what comes then all the same."""

    def __init__(self) -> None:
        self.answers = asyncio.Queue[str]()

    async def connect(self) -> None:
        pass

    async def disconnect(self, nowait: bool = False) -> None:  # noqa: FBT001, FBT002
        pass

    async def send_packed_command(self, command: bytes | Iterable[bytes]) -> None:
        if b"lose" in bytes(command if isinstance(command, bytes) else b"".join(command)):
            raise RedisConnectionError("lost")

    async def read_response(self, *, disable_decoding: bool) -> Any:
        try:
            return await self.answers.get()
        except asyncio.CancelledError:
            return await self.answers.get()

    def pack_command(self, *words: Word) -> list[bytes]:
        return [str(word).encode() for word in words]


async def test_an_answer_of_a_connection_that_was_given_up_is_nobodys() -> None:
    made: list[Deaf] = []

    def make() -> Deaf:
        made.append(Deaf())
        return made[-1]

    channel = PipelinedConnection(make, timeout=60)
    with pytest.raises(RedisConnectionError, match="lost"):
        await channel.call(["lose"])
    asking = asyncio.create_task(channel.call(["ask"]))
    await turns(5)
    given_up, new = made
    given_up.answers.put_nowait("to somebody else")
    await turns(5)
    new.answers.put_nowait("to me")
    assert await asking == "to me"
    closing = asyncio.create_task(channel.close())
    new.answers.put_nowait("to nobody")
    await closing
