"""A Redis server within a simulation: each command and each reply travels on a wire that a test decides about.

The commands are executed by fakeredis, at the instant at which they arrive. What blocks on a real server waits here for
others to push.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import fakeredis
import hiredis
from fakeredis._clients._sync import FakeRedisConnection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from jobkit.backends.redis.backend import RedisBackend
from jobkit.backends.redis.redis_py import pack
from jobkit.backends.redis.requests import Word
from jobkit.backends.redis.settings import Settings
from jobkit.clock import Clock

SCRIPTED: Final = (b"EVAL", b"EVALSHA")


class Wire(Protocol):
    """The ways between one client and the server."""

    async def transmit(self, lane: str, what: str) -> bool:
        """Wait until ``what`` arrives; False when it got lost."""
        ...


@dataclass(eq=False)
class _Waiter:
    """A command that waits for one of these lists to have something."""

    names: Sequence[bytes]
    answer: asyncio.Future[Any]


class SimulatedServer:
    """Its clock is the simulation's."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._redis: Any = FakeRedisConnection(server=fakeredis.FakeServer())
        self._waiters: list[_Waiter] = []

    def execute(self, words: Sequence[bytes]) -> Any:
        """Do a command; what the server refuses is the answer, too."""
        if words[0] in SCRIPTED:
            instant = 3 + int(words[2])  # what a script takes for the time: when it runs, not when it was sent
            words = [*words[:instant], f"@{self.clock.now_ms()}".encode(), *words[instant + 1 :]]
        answer = self._do(words)
        self._serve()
        return answer

    async def pop(self, names: Sequence[bytes], seconds: float) -> Any:
        """BLPOP: the first element of the first of these lists, or None when the time is over."""
        waiter = _Waiter(names, asyncio.get_running_loop().create_future())
        self._waiters.append(waiter)
        self._serve()
        try:
            async with asyncio.timeout(seconds):
                return await waiter.answer
        except TimeoutError:
            return None
        finally:
            if waiter in self._waiters:
                self._waiters.remove(waiter)

    def _serve(self) -> None:
        """Hand out what was pushed, to whoever waits longest."""
        for waiter in tuple(self._waiters):
            for name in waiter.names:
                element = None if waiter.answer.done() else self._do([b"LPOP", name])
                if element is not None:
                    waiter.answer.set_result([name, element])
                    self._waiters.remove(waiter)

    def _do(self, words: Sequence[bytes]) -> Any:
        try:
            self._redis.send_command(*words)
            return self._redis.read_response(disable_decoding=True)
        except RedisError as refused:
            return refused


_numbers = itertools.count(1)


class SimulatedConnection:
    """As redis-py's. What is lost on the way takes the connection with it, as it does in TCP."""

    def __init__(self, server: SimulatedServer, wire: Wire) -> None:
        self._server = server
        self._wire = wire
        self._name = str(next(_numbers))
        self._answers: asyncio.Queue[Any] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        self._cut = False

    async def connect(self) -> None:
        if not await self._wire.transmit(f"{self._name} out", "a connection"):
            raise RedisConnectionError("no connection")

    async def disconnect(self, nowait: bool = False) -> None:  # noqa: FBT001, FBT002
        self._break()

    async def send_packed_command(self, command: bytes | Iterable[bytes]) -> None:
        if self._cut:
            raise RedisConnectionError("the connection is cut")
        reader = hiredis.Reader()
        reader.feed(command if isinstance(command, bytes) else b"".join(command))
        task = asyncio.get_running_loop().create_task(self._carry(reader.gets()))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def read_response(self, *, disable_decoding: bool) -> Any:
        answer = await self._answers.get()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def pack_command(self, *words: Word) -> list[bytes]:
        packed = pack(words)
        assert packed is not None, "hiredis is there, or this module would not be"
        return [packed]

    async def _carry(self, words: Sequence[bytes]) -> None:
        what = words[0].decode().lower()
        if not await self._wire.transmit(f"{self._name} out", f"a command ({what})"):
            self._break()
        if self._cut:
            return
        blocks = words[0] == b"BLPOP"
        answer = await self._server.pop(words[1:-1], float(words[-1])) if blocks else self._server.execute(words)
        if not await self._wire.transmit(f"{self._name} back", f"the reply to a command ({what})"):
            self._break()
        if not self._cut:
            self._answers.put_nowait(answer)

    def _break(self) -> None:
        self._cut = True
        self._answers.put_nowait(RedisConnectionError("the connection is cut"))
        here = asyncio.current_task()
        for task in self._tasks - {here}:
            task.cancel()


def open_simulated(server: SimulatedServer, namespace: str, wire: Wire) -> RedisBackend:
    """A client of a simulated server."""
    settings = Settings(where="a simulated server", url="redis://simulated", shared=False)
    return RedisBackend(settings, namespace, server.clock, connect=lambda: SimulatedConnection(server, wire))
