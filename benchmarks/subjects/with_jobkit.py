"""jobkit, as an app uses it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import uvloop

import jobkit
from subjects.stopwatch import TEXT, arrive, expect, expect_sent, main, perform, say, send_each, timed


def declare(url: str) -> tuple[jobkit.App, Any]:
    app = jobkit.App(url)

    @app.job(name="noop")
    async def noop(number: int, text: str) -> None:
        perform()

    return app, noop


def blocking(url: str, count: int) -> None:
    _, noop = declare(url)
    noop.enqueue(0, TEXT)
    timed(lambda: [noop.enqueue(number, TEXT) for number in range(count)])


def awaited(url: str, count: int) -> None:
    _, noop = declare(url)

    async def run() -> None:
        for number in range(count):
            await noop.aenqueue(number, TEXT)

    _in_loop(noop, run)


def concurrent(url: str, count: int) -> None:
    _, noop = declare(url)

    async def run() -> None:
        for start in range(0, count, 100):
            await asyncio.gather(*(noop.aenqueue(number, TEXT) for number in range(start, start + 100)))

    _in_loop(noop, run)


def bulk(url: str, count: int) -> None:
    app, noop = declare(url)

    async def run() -> None:
        for start in range(0, count, 1000):
            await app.aenqueue_many(noop.call(number, TEXT) for number in range(start, start + 1000))

    _in_loop(noop, run)


def drain(url: str, count: int) -> None:
    expect(count)
    asyncio_worker(url, 100)


def pace(url: str, count: int) -> None:
    """Jobs of 10 ms, a hundred at a time; they are there already."""
    expect(count)
    asyncio_worker(url, 100)


def fill_pace(url: str, count: int) -> None:
    app, _, _, tick, _ = declare_all(url)
    _fill(app, tick, count)


def plain(url: str, count: int) -> None:
    """Plain functions, in threads."""
    expect(count)
    asyncio_worker(url, 50)


def fill_plain(url: str, count: int) -> None:
    app, _, function, _, _ = declare_all(url)
    _fill(app, function, count)


def _fill(app: jobkit.App, job: Any, count: int) -> None:
    for start in range(0, count, 1000):
        app.enqueue_many([job.call(number, TEXT) for number in range(start, start + 1000)])


def wake(url: str, count: int) -> None:
    expect_sent(count)
    asyncio_worker(url, 100)


def send(url: str, count: int) -> None:
    *_, sent = declare_all(url)
    send_each(count, sent.enqueue)


def asyncio_worker(url: str, concurrency: int) -> None:
    app, *_ = declare_all(url)

    async def run() -> None:
        async with jobkit.Worker(app, concurrency=concurrency):
            await asyncio.Event().wait()

    uvloop.run(run())


def declare_all(url: str) -> tuple[jobkit.App, Any, Any, Any, Any]:
    app, noop = declare(url)

    @app.job(name="plain")
    def plain(number: int, text: str) -> None:
        perform()

    @app.job(name="tick")
    async def tick(number: int, text: str) -> None:
        await asyncio.sleep(0.01)
        perform()

    @app.job(name="sent")
    async def sent(sent_ns: int) -> None:
        arrive(sent_ns)

    return app, noop, plain, tick, sent


def _in_loop(noop: Any, run: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def warm_then_run() -> None:
        await noop.aenqueue(0, TEXT)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        await run()
        say(loop.time() - begun)

    uvloop.run(warm_then_run())


MEASURES = {
    "blocking": blocking,
    "awaited": awaited,
    "concurrent": concurrent,
    "bulk": bulk,
    "fill": bulk,
    "drain": drain,
    "plain": plain,
    "fill_plain": fill_plain,
    "pace": pace,
    "fill_pace": fill_pace,
    "wake": wake,
    "send": send,
}

if __name__ == "__main__":
    main(MEASURES)
