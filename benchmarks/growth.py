"""How cost grows with what is stored: the server's own time a job, with thousands of jobs and queues, and millions."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from running import Meter

from jobkit.backend import Done, Message
from jobkit.backends.redis import RedisBackend
from jobkit.backends.redis.server import Server
from jobkit.backends.redis.settings import read

BODY = b'{"number":12345,"text":"a short string"}'
HEADERS = {"job": "noop", "v": "1", "coder": "json"}
BATCH, ROUNDS = 100, 20

Step = Callable[[RedisBackend, int], Awaitable[None]]


def message(number: int, queue: str = "default", after: int | None = None) -> Message:
    return Message(f"{number:024x}", queue, BODY, headers=HEADERS, after=after)


async def fill(backend: RedisBackend, first: int, count: int, after: int | None = None, queues: int = 1) -> None:
    """A thousand a call, eight calls under way."""
    numbers = iter(range(first, first + count, 1000))

    async def feed() -> None:
        for start in numbers:
            names = [f"queue-{number % queues}" if queues > 1 else "default" for number in range(start, start + 1000)]
            await backend.enqueue([message(start + place, name, after) for place, name in enumerate(names)])

    await asyncio.gather(*(feed() for _ in range(8)))


@asynccontextmanager
async def opened(server: Server) -> AsyncIterator[RedisBackend]:
    backend = RedisBackend(read(f"{server.url}?timeout=60000"), "growth")
    try:
        yield backend
    finally:
        await backend.close()


async def costs(backend: RedisBackend, meter: Meter, first: int) -> dict[str, float]:
    """Microseconds of the server's time a job, in batches of a hundred: medians of several batches."""
    found: dict[str, list[float]] = {"enqueue": [], "reserve": [], "settle": []}
    for number in range(ROUNDS):
        meter.script_seconds()
        await backend.enqueue([message(first + number * BATCH + place) for place in range(BATCH)])
        found["enqueue"].append(meter.script_seconds() / BATCH * 1e6)
        taken = await backend.reserve(["default"], limit=BATCH, lease=60_000)
        found["reserve"].append(meter.script_seconds() / BATCH * 1e6)
        await backend.settle([Done(delivery.token) for delivery in taken])
        found["settle"].append(meter.script_seconds() / BATCH * 1e6)
    return {verb: statistics.median(times) for verb, times in found.items()}


async def by_size(server: Server, sizes: list[int], after: int | None = None) -> dict[int, dict[str, float]]:
    """With so many jobs waiting in one queue; ``after``: milliseconds that they are delayed."""
    meter = Meter(server)
    meter.empty()
    found: dict[int, dict[str, float]] = {}
    stored = 0
    async with opened(server) as backend:
        for size in sizes:
            await fill(backend, stored, size - stored, after)
            stored = size
            found[size] = await costs(backend, meter, 1 << 40)
    return found


async def by_queues(server: Server, counts: list[int]) -> dict[int, dict[str, float]]:
    """With a hundred jobs in each of so many other queues."""
    found: dict[int, dict[str, float]] = {}
    for count in counts:
        meter = Meter(server)
        meter.empty()
        async with opened(server) as backend:
            await fill(backend, 0, count * 100 // 1000 * 1000, queues=count)
            found[count] = await costs(backend, meter, 1 << 40)
    return found


async def by_workers(server: Server, counts: list[int]) -> dict[int, dict[str, float]]:
    """With so many idle clients that wait for jobs, each on a connection of its own."""
    found: dict[int, dict[str, float]] = {}
    for count in counts:
        meter = Meter(server)
        meter.empty()
        async with opened(server) as backend:
            others = [RedisBackend(read(f"{server.url}?timeout=60000"), "growth") for _ in range(count)]
            waiting = [
                asyncio.ensure_future(other.reserve(["elsewhere"], limit=1, lease=60_000, wait=600_000))
                for other in others
            ]
            await asyncio.sleep(2)  # until all of them wait
            found[count] = await costs(backend, meter, 1 << 40)
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
            await asyncio.gather(*(other.close() for other in others))
    return found


def table(title: str, found: dict[int, dict[str, float]]) -> str:
    """Markdown: the server's microseconds a job, and how that compares with the first row."""
    lines = [f"| {title} | enqueue | reserve | settle | all | to the first |", "|---" * 6 + "|"]
    base = sum(next(iter(found.values())).values())
    for size, verbs in found.items():
        total = sum(verbs.values())
        cells = " | ".join(f"{verbs[verb]:.1f}" for verb in ("enqueue", "reserve", "settle"))
        lines.append(f"| {size:,} | {cells} | {total:.1f} | {total / base:.2f} |")
    return "\n".join(lines)
