"""A proxy in front of a server: it lets a command through, and then loses its answer with the connection."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Self
from urllib.parse import urlsplit

Meanwhile = Callable[[], Awaitable[None]]


async def nothing() -> None:
    """What usually happens between the server's answer and its loss."""


class Proxy:
    """Used with ``async with``; ``lose_answer`` arms it for the next answer of any connection."""

    def __init__(self, url: str) -> None:
        self._target = urlsplit(url)
        self._meanwhile: Meanwhile | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.lost = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"redis://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def lose_answer(self, meanwhile: Meanwhile = nothing) -> None:
        """Lose the next answer; ``meanwhile`` happens after the server has done it, and before anybody notices."""
        self._meanwhile = meanwhile

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection(self._target.hostname, self._target.port)
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        forward = asyncio.create_task(self._pump(reader, up_writer))
        try:
            while data := await up_reader.read(1 << 16):
                if self._meanwhile is not None:
                    meanwhile, self._meanwhile = self._meanwhile, None
                    self.lost += 1
                    await meanwhile()
                    break
                writer.write(data)
                await writer.drain()
        except asyncio.CancelledError:
            return  # the test is over
        finally:
            forward.cancel()
            writer.close()
            up_writer.close()
            self._tasks.discard(task)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
