"""The kit's proxy does what it says, whatever the protocol: here a line is a command, and a line its reply."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from jobkit_conformance.transport.proxy import FaultTrigger, Meanwhile, Proxy


class Lines:
    """Newlines end what travels."""

    def __init__(self) -> None:
        self._there, self._back = b"", b""

    def commands(self, data: bytes) -> list[tuple[bytes, str]]:
        *whole, self._there = (self._there + data).split(b"\n")
        return [(line + b"\n", line.decode()) for line in whole]

    def replies(self, data: bytes) -> list[bytes]:
        *whole, self._back = (self._back + data).split(b"\n")
        return [line + b"\n" for line in whole]


class Echo:
    """A server that says everything again, in capitals."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.port = 0
        self.writers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        while line := await reader.readline():
            self.heard.append(line.decode().strip())
            writer.write(line.upper())


class Caller:
    """A client: each call is a line."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def call(self, words: str) -> str:
        """The answer; empty when the connection is cut."""
        self.writer.write(f"{words}\n".encode())
        try:
            return (await self.reader.readline()).decode().strip()
        except ConnectionError:
            return ""


Connect = Callable[[], Awaitable[Caller]]


@pytest.fixture
async def echo() -> AsyncIterator[Echo]:
    echo = Echo()
    server = await asyncio.start_server(echo.serve, "127.0.0.1", 0)
    echo.port = server.sockets[0].getsockname()[1]
    yield echo
    server.close()
    await end(echo.writers)


@pytest.fixture
async def proxy(echo: Echo) -> AsyncIterator[Proxy]:
    async with Proxy() as proxy:
        yield proxy


@pytest.fixture
async def connect(proxy: Proxy, echo: Echo) -> AsyncIterator[Connect]:
    callers: list[Caller] = []

    async def connect() -> Caller:
        callers.append(Caller(*await asyncio.open_connection(*proxy.listen_for("127.0.0.1", echo.port, Lines))))
        return callers[-1]

    yield connect
    await end([caller.writer for caller in callers])


async def end(writers: list[asyncio.StreamWriter]) -> None:
    for writer in writers:
        writer.transport.abort()
    await asyncio.sleep(0)


async def test_what_is_not_struck_passes_and_is_counted(connect: Connect, proxy: Proxy) -> None:
    one, other = await connect(), await connect()
    assert [await one.call("a"), await other.call("b"), await one.call("c")] == ["A", "B", "C"]
    assert proxy.commands == ["a", "b", "c"]


@pytest.mark.parametrize("turns", range(12))
async def test_a_proxy_that_dies_as_somebody_comes_leaves_no_connection_open(echo: Echo, turns: int) -> None:
    async with Proxy() as proxy:
        address = proxy.listen_for("127.0.0.1", echo.port, Lines)
        reader, writer = await asyncio.open_connection(*address)
        for _ in range(turns):
            await asyncio.sleep(0)
    assert await reader.read() == b""  # it has ended: nobody forgot it
    writer.close()


async def test_pieces_and_several_at_once_are_counted_as_what_they_are(connect: Connect, proxy: Proxy) -> None:
    caller = await connect()
    caller.writer.write(b"a\nb\nhal")
    assert [await caller.reader.readline(), await caller.reader.readline()] == [b"A\n", b"B\n"]
    assert proxy.commands == ["a", "b"]
    assert await caller.call("f") == "HALF"
    assert proxy.commands == ["a", "b", "half"]


@pytest.mark.parametrize(
    ("place", "then", "heard"),
    [("command", "cut", ["a"]), ("reply", "cut", ["a", "b"]), ("reply", "death", ["a", "b"])],
)
async def test_a_connection_is_cut_at_a_command(
    connect: Connect, proxy: Proxy, echo: Echo, place: str, then: str, heard: list[str]
) -> None:
    caller = await connect()
    proxy.arm(FaultTrigger(2, place, then))  # type: ignore[arg-type]
    assert [await caller.call("a"), await caller.call("b")] == ["A", ""]
    assert (echo.heard, proxy.struck.is_set(), proxy.dead.is_set()) == (heard, True, then == "death")


async def test_another_connection_goes_on_after_a_cut(connect: Connect, proxy: Proxy) -> None:
    caller, other = await connect(), await connect()
    proxy.arm(FaultTrigger(1, "reply", "cut"))
    assert [await caller.call("a"), await other.call("b")] == ["", "B"]
    assert await (await connect()).call("c") == "C"


async def test_who_is_dead_reaches_nobody(connect: Connect, proxy: Proxy, echo: Echo) -> None:
    caller, other = await connect(), await connect()
    assert await other.call("before") == "BEFORE"
    proxy.arm(FaultTrigger(1, "reply", "death"))
    assert [await caller.call("a"), await other.call("b")] == ["", ""]
    with pytest.raises(OSError):  # noqa: PT011 - refused, or reset at once
        await asyncio.wait_for((await connect()).reader.readexactly(1), 5)
    assert echo.heard == ["before", "a"]


@pytest.mark.parametrize(("place", "heard"), [("command", ["a"]), ("reply", ["a", "b"])])
async def test_silence_is_for_good_and_for_its_connection(
    connect: Connect, proxy: Proxy, echo: Echo, place: str, heard: list[str]
) -> None:
    caller = await connect()
    proxy.arm(FaultTrigger(2, place, "silence"))  # type: ignore[arg-type]
    assert await caller.call("a") == "A"
    waiting = asyncio.create_task(caller.call("b"))
    await proxy.struck.wait()
    caller.writer.write(b"c\n")
    assert await (await connect()).call("d") == "D"
    assert not waiting.done()
    assert echo.heard == [*heard, "d"]
    waiting.cancel()


@pytest.mark.parametrize(("place", "heard"), [("command", []), ("reply", ["a"])])
async def test_what_is_held_up_passes_when_something_else_is_over(
    connect: Connect, proxy: Proxy, echo: Echo, place: str, heard: list[str]
) -> None:
    caller = await connect()
    go_on = asyncio.Event()

    async def wait() -> None:
        await go_on.wait()

    proxy.arm(FaultTrigger(1, place, "passes", wait))  # type: ignore[arg-type]
    calling = asyncio.create_task(caller.call("a"))
    await proxy.struck.wait()
    assert await (await connect()).call("b") == "B"
    assert (echo.heard, calling.done()) == ([*heard, "b"], False)
    go_on.set()
    assert await calling == "A"


async def test_what_goes_wrong_meanwhile_is_kept(connect: Connect, proxy: Proxy) -> None:
    def broken() -> Meanwhile:
        async def fails() -> None:
            raise LookupError("nobody")

        return fails

    caller = await connect()
    proxy.arm(FaultTrigger(1, "reply", "passes", broken()))
    assert await caller.call("a") == "A"
    assert isinstance(proxy.fell, LookupError)


async def test_a_store_that_is_away_is_seen_as_such(proxy: Proxy) -> None:
    caller = Caller(*await asyncio.open_connection(*proxy.listen_for("127.0.0.1", 1, Lines)))
    assert await caller.call("a") == ""
    await end([caller.writer])
