"""What the client and the store allow, before any app adds its own: redis-py's calls, and loops over the backend."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import redis
import redis.asyncio
import uvloop

from jobkit.backend import Done, Message
from jobkit.backends.redis import factory
from subjects.stopwatch import arrive, expect_sent, main, say, send_each, timed

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


def pace(url: str, count: int) -> None:
    """Jobs of 10 ms, a hundred at a time: reserved into free places, and settled together as they end."""

    async def run() -> None:
        backend = factory(url, "bare", None)
        await backend.queues()
        places, ended, woken = 100, list[Done](), asyncio.Event()

        async def job(token: str) -> None:
            nonlocal places
            await asyncio.sleep(0.01)
            places += 1
            ended.append(Done(token))
            woken.set()
            freed.set()

        async def settle() -> None:
            while True:
                await woken.wait()
                woken.clear()
                while ended:
                    batch, ended[:] = ended[:], []
                    await backend.settle(batch)

        freed = asyncio.Event()
        settling = asyncio.create_task(settle())

        async def calls() -> None:
            nonlocal places
            left, jobs = count, set[asyncio.Task[None]]()
            while left > 0:
                freed.clear()
                found = await backend.reserve(["default"], limit=places, lease=30_000) if places else []
                places -= len(found)
                left -= len(found)
                for delivery in found:
                    begun = asyncio.create_task(job(delivery.token))
                    jobs.add(begun)
                    begun.add_done_callback(jobs.discard)
                if not places:
                    await freed.wait()
            await asyncio.gather(*jobs)

        await _timed(calls)
        settling.cancel()
        await backend.close()

    uvloop.run(run())


def wake(url: str, count: int) -> None:
    """What waits is told, and then makes one call, as who takes something under a lease has to."""
    expect_sent(count)

    async def run() -> None:
        client = redis.asyncio.Redis.from_url(url, socket_timeout=None)
        digest = await client.script_load(SCRIPT)
        while True:
            _, sent_ns = await client.blpop(["bell"])
            await client.evalsha(digest, 0)
            arrive(int(sent_ns))

    uvloop.run(run())


def send(url: str, count: int) -> None:
    client = redis.Redis.from_url(url)
    send_each(count, lambda sent_ns: client.lpush("bell", sent_ns))


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
    "pace": pace,
    "fill_pace": bulk,
    "wake": wake,
    "send": send,
}

if __name__ == "__main__":
    main(MEASURES)
