"""SAQ, asynchronous through and through."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import uvloop
from saq import Queue, Worker

from subjects.stopwatch import TEXT, arrive, expect, expect_sent, main, perform, say


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
    _work(url, 20)


async def tick(_: Any, *, number: int, text: str) -> None:
    await asyncio.sleep(0.01)
    perform()


async def sent(_: Any, *, sent_ns: int) -> None:
    arrive(sent_ns)


def pace(url: str, count: int) -> None:
    expect(count)
    _work(url, 100)


def fill_pace(url: str, count: int) -> None:
    async def calls(store: Any) -> None:
        for start in range(0, count, 100):
            await asyncio.gather(
                *(store.enqueue("tick", number=number, text=TEXT, ttl=-1) for number in range(start, start + 100))
            )

    _enqueue(url, calls)


def wake(url: str, count: int) -> None:
    expect_sent(count)
    _work(url, 20)


def send(url: str, count: int) -> None:
    async def run() -> None:
        store = queue(url, 100)
        await store.connect()
        for _ in range(count):
            await asyncio.sleep(0.02)
            await store.enqueue("sent", sent_ns=time.monotonic_ns(), ttl=-1)
        await store.disconnect()

    uvloop.run(run())


def _work(url: str, concurrency: int) -> None:
    async def run() -> None:
        store = queue(url, concurrency)
        await store.connect()
        functions = [("noop", noop), ("tick", tick), ("sent", sent)]
        await Worker(store, functions=functions, concurrency=concurrency, timers=None).start()

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


MEASURES = {
    "awaited": awaited,
    "concurrent": concurrent,
    "fill": concurrent,
    "drain": drain,
    "pace": pace,
    "fill_pace": fill_pace,
    "wake": wake,
    "send": send,
}

if __name__ == "__main__":
    main(MEASURES)
