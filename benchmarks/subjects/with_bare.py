"""What the client and the store allow, before any app adds its own: redis-py's calls, and a loop over the backend."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import redis
import redis.asyncio
import uvloop

from jobkit.backend import Done, Message
from jobkit.backends.redis import factory
from subjects.stopwatch import main, say, timed

SCRIPT = "return 1"
BODY = b'{"number":12345,"text":"a short string"}'
HEADERS = {"job": "noop", "v": "1", "coder": "json"}


def blocking(url: str, count: int) -> None:
    """One script call after another."""
    client = redis.Redis.from_url(url)
    digest = client.script_load(SCRIPT)
    timed(lambda: [client.evalsha(digest, 0) for _ in range(count)])


def awaited(url: str, count: int) -> None:
    async def run() -> None:
        client = redis.asyncio.Redis.from_url(url)
        digest = await client.script_load(SCRIPT)

        async def calls() -> None:
            for _ in range(count):
                await client.evalsha(digest, 0)

        await _timed(calls)
        await client.aclose()

    uvloop.run(run())


def concurrent(url: str, count: int) -> None:
    """Pipelines of a hundred script calls."""

    async def run() -> None:
        client = redis.asyncio.Redis.from_url(url)
        digest = await client.script_load(SCRIPT)

        async def calls() -> None:
            for _ in range(0, count, 100):
                pipeline = client.pipeline(transaction=False)
                for _ in range(100):
                    pipeline.evalsha(digest, 0)
                await pipeline.execute()

        await _timed(calls)
        await client.aclose()

    uvloop.run(run())


def bulk(url: str, count: int) -> None:
    """The backend's enqueue, a thousand messages a call, encoded beforehand."""

    async def run() -> None:
        backend = factory(url, "bare", None)
        await backend.queues()

        async def calls() -> None:
            for start in range(0, count, 1000):
                await backend.enqueue(
                    [Message(f"{start + number:024}", "default", BODY, headers=HEADERS) for number in range(1000)]
                )

        await _timed(calls)
        await backend.close()

    uvloop.run(run())


def drain(url: str, count: int) -> None:
    """Reserve and settle, a hundred at a time, one call after another."""

    async def run() -> None:
        backend = factory(url, "bare", None)
        await backend.queues()

        async def calls() -> None:
            left = count
            while left > 0:
                found = await backend.reserve(["default"], limit=100, lease=30_000)
                await backend.settle([Done(delivery.token) for delivery in found])
                left -= len(found)

        await _timed(calls)
        await backend.close()

    uvloop.run(run())


async def _timed(calls: Callable[[], Awaitable[Any]]) -> None:
    loop = asyncio.get_running_loop()
    begun = loop.time()
    await calls()
    say(loop.time() - begun)


MEASURES = {
    "blocking": blocking,
    "awaited": awaited,
    "concurrent": concurrent,
    "bulk": bulk,
    "fill": bulk,
    "drain": drain,
}

if __name__ == "__main__":
    main(MEASURES)
