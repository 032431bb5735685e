"""What stands before a store, in tests: where an encryption ends, a socket of the file system, or somebody who only
says where the store is.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, Final, TypeAlias

from jobkit.testing.redis.resp import RespSplitter
from jobkit_conformance.transport.both_directions import run_until_first_exits

CHUNK: Final = 1 << 16
AT_ONCE: Final = 100
"""Who listens longest stops when more come: clients come one after another here, and hardly any lives long."""

Serve: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Hop:
    """Listens for clients of any event loop, in a thread of its own; what ends on one side ends on the other."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._servers = deque[asyncio.Server]()
        self._tasks: set[asyncio.Future[None]] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, name="hop", daemon=True)
        self._thread.start()

    def encrypted(self, port: int, context: ssl.SSLContext) -> int:
        """Behind which port the store at that one is spoken to encrypted."""
        return int(self._do(self._listen(_carrier(port), context)))

    def in_a_file(self, port: int, path: Path) -> None:
        """Let the store at this port be reached by a socket of the file system."""
        self._do(self._listen_in_a_file(_carrier(port), path))

    def signpost(self, port: int) -> int:
        """The port of somebody who answers like a sentinel or a node of a cluster, and names that one to all."""
        return int(self._do(self._listen(_signpost(port))))

    def close(self) -> None:
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, what: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(timeout=20)

    async def _listen(self, serve: Serve, context: ssl.SSLContext | None = None) -> int:
        server = await asyncio.start_server(self._accept(serve), "127.0.0.1", 0, ssl=context)
        self._keep(server)
        port: int = server.sockets[0].getsockname()[1]
        return port

    async def _listen_in_a_file(self, serve: Serve, path: Path) -> None:
        self._keep(await asyncio.start_unix_server(self._accept(serve), path))

    def _keep(self, server: asyncio.Server) -> None:
        self._servers.append(server)
        if len(self._servers) > AT_ONCE:
            self._servers.popleft().close()

    async def _end(self) -> None:
        for server in self._servers:
            server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)  # for what is called when they are done

    def _accept(self, serve: Serve) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]:
        async def to_the_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError):  # one side is gone, and that is what the other sees
                await serve(reader, writer)

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = self._loop.create_task(to_the_end(reader, writer))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            task.add_done_callback(lambda _: writer.transport.abort())  # also where it never came to run

        return accept


def _carrier(port: int) -> Serve:
    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            await run_until_first_exits(_pass_on(reader, up_writer), _pass_on(up_reader, writer))
        finally:
            up_writer.transport.abort()

    return carry


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(CHUNK):
        writer.write(data)
        await writer.drain()


def _signpost(port: int) -> Serve:
    address = f"*2\r\n$9\r\n127.0.0.1\r\n${len(str(port))}\r\n{port}\r\n".encode()
    slots = f"*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$9\r\n127.0.0.1\r\n:{port}\r\n".encode()
    answers = {"sentinel": address, "cluster": slots}

    async def point(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        framing = RespSplitter()
        while data := await reader.read(CHUNK):
            for _, name in framing.commands(data):
                writer.write(answers.get(name, b"+OK\r\n"))

    return point
