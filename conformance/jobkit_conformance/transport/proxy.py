"""A proxy in front of a store: it counts the commands that pass, and strikes one of them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Literal, Self, TypeAlias

from jobkit_conformance.transport.acceptor import Acceptor
from jobkit_conformance.transport.both_directions import run_until_first_exits
from jobkit_conformance.transport.framing import Framing

READ: Final = 1 << 16

Meanwhile: TypeAlias = Callable[[], Awaitable[None]]


async def nothing() -> None:
    """What usually happens while something is held up."""


@dataclass(frozen=True)
class FaultTrigger:
    """What befalls one command, counted from 1: on its way there, or its reply on the way back.

    ``then``: it passes, its connection is cut, it is never heard of again and nor is the rest of its connection
    (``silence``), or its client is no more (``death``). ``meanwhile`` happens before that, and holds it up for so long.
    """

    at: int
    place: Literal["command", "reply"]
    then: Literal["passes", "cut", "silence", "death"]
    meanwhile: Meanwhile = nothing


class Proxy:
    """A way to a store, for one client. Used with ``async with``; its connections live in the loop that enters it.

    A harness says where the store is, and how its protocol is cut into commands (`to`), and lets its client use the
    address that it gets. ``timeout``: the milliseconds after which that client is to give up on an answer; None where
    that does not matter.
    """

    def __init__(self, timeout: int | None = None) -> None:
        self.timeout = timeout
        self.commands: list[str] = []
        """What passed since it was armed, or since it began: what each command is called."""
        self.struck: asyncio.Event
        """Set as soon as the strike begins."""
        self.dead: asyncio.Event
        """Set when the client is no more: nothing passes."""
        self.fell: BaseException | None = None
        """What ``meanwhile`` raised."""
        self._strike: FaultTrigger | None = None
        self._lock = threading.Lock()
        self._addresses: dict[tuple[str, int], tuple[str, int]] = {}
        self._doorways: list[Acceptor] = []
        self._listeners: list[tuple[str, asyncio.Future[None]]] = []

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self.struck, self.dead = asyncio.Event(), asyncio.Event()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.die()
        await asyncio.sleep(0)  # for a door that another thread has just asked for
        for doorway in self._doorways:
            await doorway.close()

    def listen_for(self, host: str, port: int, framing: Callable[[], Framing]) -> tuple[str, int]:
        """Where a client has to connect to, to reach the store at this address. May be called from any thread.

        ``framing`` makes one for each connection.
        """
        with self._lock:
            if (host, port) not in self._addresses:
                listener = socket.create_server(("127.0.0.1", 0))
                self._addresses[host, port] = listener.getsockname()
                self._loop.call_soon_threadsafe(self._open, listener, host, port, framing)
            return self._addresses[host, port]

    def arm(self, strike: FaultTrigger | None) -> None:
        """Count from here on, and strike once the time has come."""
        self.commands.clear()
        self.struck.clear()
        self._strike = strike

    async def heard(self, name: str) -> None:
        """Wait until a command of this name passes."""
        passing: asyncio.Future[None] = self._loop.create_future()
        self._listeners.append((name, passing))
        await passing

    def die(self) -> None:
        """From now on nobody hears of the client, nor it of anybody."""
        self.dead.set()
        for doorway in self._doorways:
            doorway.stop_listening()

    def _open(self, listener: socket.socket, host: str, port: int, framing: Callable[[], Framing]) -> None:
        async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                up_reader, up_writer = await asyncio.open_connection(host, port)
                await _ProxiedConnection(self, framing(), reader, writer, up_reader, up_writer).run()
            finally:
                writer.transport.abort()

        self._doorways.append(Acceptor(listener, carry))
        if self.dead.is_set():
            self._doorways[-1].stop_listening()

    # What befalls a command; called by the ways.

    def count(self, name: str) -> int:
        """The number of the next command."""
        self.commands.append(name)
        for wanted, passing in self._listeners:
            if wanted == name and not passing.done():
                passing.set_result(None)
        return len(self.commands)

    async def apply(self, number: int, place: Literal["command", "reply"]) -> str:
        """What becomes of a command, or of its reply; once whatever holds it up is over."""
        strike = self._strike
        if strike is None or number != strike.at or place != strike.place:
            return "passes"
        self._strike = None
        self.struck.set()
        try:
            await strike.meanwhile()
        except Exception as error:  # noqa: BLE001 - raised where the play is
            self.fell = error
        if strike.then == "death":
            self._loop.call_soon(self.die)
        return strike.then


class _ProxiedConnection:
    """One connection, there and back."""

    def __init__(
        self,
        proxy: Proxy,
        framing: Framing,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        up_reader: asyncio.StreamReader,
        up_writer: asyncio.StreamWriter,
    ) -> None:
        self._proxy = proxy
        self._framing = framing
        self._reader, self._writer = reader, writer
        self._up_reader, self._up_writer = up_reader, up_writer
        self._pending: deque[int] = deque()
        """The numbers of the commands that the store has not answered yet."""
        self._silent = False

    async def run(self) -> None:
        """Until one side has gone, or the proxy cuts it."""
        try:
            await run_until_first_exits(self._there(), self._back())
        finally:
            self._up_writer.transport.abort()

    async def _there(self) -> None:
        with contextlib.suppress(OSError):
            while data := await self._reader.read(READ):
                for command, name in self._framing.commands(data):
                    number = self._proxy.count(name)
                    if not self._silent and await self._goes_on(number, "command"):
                        self._pending.append(number)
                        self._up_writer.write(command)
                await self._up_writer.drain()

    async def _back(self) -> None:
        with contextlib.suppress(OSError):
            while data := await self._up_reader.read(READ):
                for reply in self._framing.replies(data):
                    if not self._silent and await self._goes_on(self._pending.popleft(), "reply"):
                        self._writer.write(reply)
                await self._writer.drain()
        if self._silent:
            await asyncio.Event().wait()  # nor does the client hear that the store hung up

    async def _goes_on(self, number: int, place: Literal["command", "reply"]) -> bool:
        match await self._proxy.apply(number, place):
            case "silence":
                self._silent = True
            case "cut" | "death":
                raise ConnectionAbortedError
            case _:
                return True
        return False
