"""Nobody is left on the way between a worker and its store."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import pytest

from jobkit_conformance.transport.tcp_relay import TcpRelay


@pytest.fixture
async def store() -> AsyncIterator[tuple[str, int]]:
    """One that says back what it hears."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            writer.write(data)
        writer.close()

    async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        yield host, port


async def test_what_is_said_arrives_and_is_gone_in_a_hole(store: tuple[str, int]) -> None:
    relay = TcpRelay(*store)
    await relay.open()
    reader, writer = await asyncio.open_connection("127.0.0.1", relay.port)
    writer.write(b"before")
    assert await reader.readexactly(6) == b"before"
    relay.blackhole()
    writer.write(b"gone")
    relay.heal()
    later, other = await asyncio.open_connection("127.0.0.1", relay.port)
    other.write(b"after")
    assert await later.readexactly(5) == b"after", "who comes after a hole gets through"
    assert not reader._buffer, "who was there in it is never answered again"  # type: ignore[attr-defined]
    await relay.close()
    assert await reader.read() == await later.read() == b""
    writer.close()
    other.close()


@pytest.mark.parametrize("turns", range(8))
async def test_who_comes_while_it_closes_is_sent_away(store: tuple[str, int], turns: int) -> None:
    relay = TcpRelay(*store)
    await relay.open()
    with socket.create_connection(("127.0.0.1", relay.port)) as came:
        came.setblocking(False)  # noqa: FBT003
        for _ in range(turns):
            await asyncio.sleep(0)
        await relay.close()
        async with asyncio.timeout(5):
            with contextlib.suppress(ConnectionResetError):  # who was not even accepted
                assert await asyncio.get_running_loop().sock_recv(came, 1) == b""
