"""One connection that all calls share: commands go out as they come, and answers come back in their order.

Concurrent calls share round trips by themselves, and a call that is cancelled leaves nothing behind: its answer
comes all the same, and is dropped.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from jobkit.backends.redis.errors import NEVER, is_wrong_server
from jobkit.backends.redis.redis_py import Connect, Connection, pack
from jobkit.backends.redis.requests import Word

LOST = (RedisConnectionError, RedisTimeoutError, OSError)
"""What else is raised is a server's refusal, which is an answer."""


class NotSent(RedisConnectionError):
    """There was no connection, so the command did not reach the server."""


class PipelinedConnection:
    """Belongs to one event loop. ``timeout``: seconds from sending to the answer. It connects when it is first called,
    again after a connection was lost, and never again once it is closed.
    """

    def __init__(self, make: Connect, timeout: float) -> None:
        self._make = make
        self._timeout = timeout
        self._connection: Connection | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._reading: asyncio.Task[None] | None = None
        self._waiting: deque[tuple[asyncio.Future[Any], float]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self._closed = False

    async def call(self, words: Sequence[Word]) -> Any:
        """Send a command and wait for its answer. A lost connection fails every call that waits on it."""
        return (await self.call_on(words))[0]

    async def call_on(self, words: Sequence[Word], *, only: Connection | None = None) -> tuple[Any, Connection]:
        """The answer, and the connection on which it came: that one or none, where ``only`` is given."""
        if only is not None and only is not self._connection:
            raise RedisConnectionError("the connection was lost meanwhile")
        if self._connection is None:
            try:
                await self._connect()
            except NEVER:
                raise
            except (RedisError, OSError) as error:
                raise NotSent(str(error)) from error
        connection = self._connection
        if connection is None:
            raise NotSent("the connection was closed")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[tuple[Any, Connection]] = loop.create_future()
        self._waiting.append((future, loop.time() + self._timeout))
        if self._timer is None:
            self._timer = loop.call_at(self._waiting[0][1], self._check)
        try:
            await connection.send_packed_command(pack(words) or connection.pack_command(*words))
        except Exception as error:  # noqa: BLE001 - raised where each call waits for its answer
            self._fail(error)
        return await future

    async def _connect(self) -> None:
        """Once for all who ask meanwhile; one that gives up leaves the others waiting for it."""
        if self._closed:
            raise RedisConnectionError("the connection was closed")
        if self._connecting is None:
            self._connecting = asyncio.get_running_loop().create_task(self._open())
            self._connecting.add_done_callback(self._connected)
        connecting = self._connecting
        try:
            await asyncio.shield(connecting)
        except asyncio.CancelledError:
            if connecting.cancelled():
                raise RedisConnectionError("the connection was closed") from None
            raise

    def _connected(self, task: asyncio.Task[None]) -> None:
        self._connecting = None
        if not task.cancelled():
            task.exception()  # whoever waited has it; if nobody did, nobody wants it

    async def _open(self) -> None:
        connection = self._make()
        try:
            async with asyncio.timeout(self._timeout):
                await connection.connect()
            if self._closed:  # whoever was waited for took the cancellation for itself
                raise RedisConnectionError("the connection was closed")
        except BaseException as error:
            await connection.disconnect(nowait=True)  # it may have come half way
            if isinstance(error, TimeoutError):
                raise RedisTimeoutError(f"no connection within {self._timeout:g} s") from None
            raise
        self._connection = connection
        self._reading = asyncio.get_running_loop().create_task(self._read(connection))

    async def _read(self, connection: Connection) -> None:
        """Answer calls in their order, until this connection is given up. However it ends, nobody waits on it then."""
        try:
            await self._answer_calls(connection)
        except asyncio.CancelledError:
            if connection is self._connection:  # by other code, such as a job that cancels every task
                self._fail(RedisConnectionError("the task that reads its answers was cancelled"))
            raise
        except Exception as error:  # noqa: BLE001 - raised where each call waits for its answer
            if connection is self._connection:
                self._fail(RedisConnectionError(f"its answers can't be read: {error!r}"))

    async def _answer_calls(self, connection: Connection) -> None:
        while True:
            answer: Any = None
            error: Exception | None = None
            try:
                answer = await connection.read_response(disable_decoding=True)
            except (RedisError, OSError) as raised:
                error = raised
            if connection is not self._connection:
                return  # who waits now waits on another
            if isinstance(error, LOST):
                self._fail(error)
                return
            if not self._waiting:
                self._fail(RedisConnectionError("an answer came that nobody asked for"))
                return
            future, _ = self._waiting.popleft()
            if not future.done():
                if error is not None:
                    future.set_exception(error)
                else:
                    future.set_result((answer, connection))
            if error is not None and is_wrong_server(error):
                self._fail(RedisConnectionError(f"the server sends its clients away: {error}"))
                return

    def _check(self) -> None:
        """Whether the call that waits longest waits too long. One timer serves all calls."""
        self._timer = None
        if not self._waiting:
            return
        loop = asyncio.get_running_loop()
        deadline = self._waiting[0][1]
        if deadline <= loop.time():
            self._fail(RedisTimeoutError(f"no answer within {self._timeout:g} s"))
        else:
            self._timer = loop.call_at(deadline, self._check)

    def _fail(self, error: Exception) -> None:
        """Give up the connection, and with it every call that waits for an answer: politely where all is closed."""
        connection, self._connection = self._connection, None
        reading, self._reading = self._reading, None
        waiting, self._waiting = self._waiting, deque()
        for future, _ in waiting:
            if not future.done():
                future.set_exception(error)
        if reading is not None and reading is not asyncio.current_task():
            reading.cancel()
        if connection is not None:
            self._end(asyncio.get_running_loop().create_task(connection.disconnect(nowait=not self._closed)))

    def _end(self, task: asyncio.Task[None]) -> None:
        """`close` waits for it."""
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def close(self) -> None:
        """For good: calls that wait are failed, and so are those that come later."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        if self._connecting is not None:
            self._end(self._connecting)
            self._connecting.cancel()
        self._fail(RedisConnectionError("the connection was closed"))
        while self._ending:
            await asyncio.wait(self._ending)


_tasks: set[asyncio.Task[None]] = set()
"""Loops hold their tasks weakly."""


def spawn(task: asyncio.Task[None]) -> None:
    """Hold a task until it has ended."""
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
