"""SAQ, asynchronous through and through."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import uvloop
from saq import Queue, Worker

from subjects.stopwatch import TEXT, expect, main, perform, say


async def noop(_: Any, *, number: int, text: str) -> None:
    perform()


def queue(url: str, concurrency: int) -> Any:
    return Queue.from_url(url, name="bench", max_concurrent_ops=concurrency)


def awaited(url: str, count: int) -> None:
    async def calls(store: Any) -> None:
        for number in range(count):
            await store.enqueue("noop", number=number, text=TEXT, ttl=-1)

    _enqueue(url, calls)


def concurrent(url: str, count: int) -> None:
    async def calls(store: Any) -> None:
        for start in range(0, count, 100):
            await asyncio.gather(
                *(store.enqueue("noop", number=number, text=TEXT, ttl=-1) for number in range(start, start + 100))
            )

    _enqueue(url, calls)


def drain(url: str, count: int) -> None:
    expect(count)

    async def run() -> None:
        store = queue(url, 20)
        await store.connect()
        await Worker(store, functions=[("noop", noop)], concurrency=20, timers=None).start()

    uvloop.run(run())


def _enqueue(url: str, calls: Callable[[Any], Awaitable[None]]) -> None:
    async def run() -> None:
        store = queue(url, 100)
        await store.connect()
        loop = asyncio.get_running_loop()
        begun = loop.time()
        await calls(store)
        say(loop.time() - begun)
        await store.disconnect()

    uvloop.run(run())


MEASURES = {"awaited": awaited, "concurrent": concurrent, "fill": concurrent, "drain": drain}

if __name__ == "__main__":
    main(MEASURES)
