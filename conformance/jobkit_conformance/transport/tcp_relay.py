"""A relay between the workers of one place and their store: it can swallow every byte for a while."""

from __future__ import annotations

import asyncio
import socket
from typing import Final

from jobkit_conformance.transport.acceptor import Acceptor
from jobkit_conformance.transport.both_directions import run_until_first_exits

CHUNK: Final = 1 << 16
PATIENCE: Final = 5.0
"""Seconds that the store has to take a connection."""


class TcpRelay:
    """Belongs to the running loop. ``hole``: bytes of both ways vanish, and nobody is told.

    What was connected stays so in a hole, and is never answered again: its bytes are gone. New connections work once
    the hole is over.
    """

    def __init__(self, host: str, port: int) -> None:
        self._store = host, port
        self._doorway: Acceptor | None = None
        self._holes = 0
        self.blackholed = False
        self.port = 0

    async def open(self) -> None:
        """Listen on a free port of this machine."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        self._doorway = Acceptor(listener, self._serve)

    def blackhole(self) -> None:
        """From now on nothing arrives."""
        self.blackholed = True
        self._holes += 1

    def heal(self) -> None:
        """From now on new connections work."""
        self.blackholed = False

    async def close(self) -> None:
        """End every connection, one that comes just now included."""
        if self._doorway is not None:
            await self._doorway.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.blackholed:
            await _swallow(reader)
            return
        async with asyncio.timeout(PATIENCE):  # a kind of OSError
            from_store, to_store = await asyncio.open_connection(*self._store)
        try:
            await run_until_first_exits(self._pass_on(reader, to_store), self._pass_on(from_store, writer))
        finally:
            to_store.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Until one side ends; a connection that lived in a hole is never heard of again."""
        holes = self._holes
        while data := await reader.read(CHUNK):
            if self._holes != holes:
                await _swallow(reader)
                return
            writer.write(data)
            await writer.drain()
        if self._holes != holes:
            await asyncio.Event().wait()  # the end of a connection does not get through a hole either


async def _swallow(reader: asyncio.StreamReader) -> None:
    """Take and forget, until the other side gives up."""
    while await reader.read(CHUNK):
        pass
