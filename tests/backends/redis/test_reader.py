"""The task that reads a connection's answers: however it ends, callers are told at once, and the next call connects."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from redis.asyncio import Connection

from jobkit.backend import Message
from jobkit.backends.redis import RedisBackend
from jobkit.testing.redis.server import Server
from tests.backends.redis.clients import Open

pytestmark = pytest.mark.realtime

LONG = "?timeout=600000"
"""A client that would wait ten minutes for an answer."""


async def next_call_works(backend: RedisBackend) -> None:
    async with asyncio.timeout(30):
        await backend.enqueue([Message("b", "q", b"")])
        assert (await backend.counts("q")).ready >= 1


async def test_one_that_other_code_cancelled_is_followed_by_another(own_server: Server, clients: Open) -> None:
    """A job that cancels every task of its loop cancels this one too."""
    backend = clients(own_server.url + LONG)
    await backend.queues()
    own_server.suspend()
    waiting = asyncio.create_task(backend.enqueue([Message("a", "q", b"")]))
    await asyncio.sleep(0)
    (reading,) = [each for each in asyncio.all_tasks() if "PipelinedConnection._read" in repr(each.get_coro())]
    reading.cancel()
    own_server.resume()
    async with asyncio.timeout(30):
        (outcome,) = await asyncio.gather(waiting, return_exceptions=True)
    assert "cancelled" in str(outcome) or not isinstance(outcome, BaseException)
    await next_call_works(backend)


@pytest.mark.parametrize("error", [RuntimeError("read() called while another coroutine reads"), MemoryError()])
async def test_one_that_can_not_read_an_answer_is_followed_by_another(
    server: Server, clients: Open, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    backend = clients(server.url + LONG)
    await backend.queues()
    read, left = Connection.read_response, [error]

    async def once(self: Connection, *arguments: Any, **named: Any) -> Any:
        if left and asyncio.current_task() is not None and "_read" in repr(asyncio.current_task()):
            raise left.pop()
        return await read(self, *arguments, **named)

    monkeypatch.setattr(Connection, "read_response", once)
    async with asyncio.timeout(30):
        await asyncio.gather(backend.enqueue([Message("a", "q", b"")]), return_exceptions=True)
    await next_call_works(backend)
    assert left == []
