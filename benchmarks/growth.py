"""How cost grows with what is stored: the server's own time a job, with thousands of jobs and queues, and millions.

Each size is measured in turns with a small one on a server beside it: the machine's speed changes meanwhile, and their
ratio does not.
"""

from __future__ import annotations

import asyncio
import itertools
import statistics
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TypeAlias

from running import Meter

from jobkit.backend import Done, Message
from jobkit.backends.redis import RedisBackend
from jobkit.backends.redis.settings import read
from jobkit.testing.redis.server import Server

BODY = b'{"number":12345,"text":"a short string"}'
HEADERS = {"job": "noop", "v": "1", "coder": "json"}
BATCH, ROUNDS = 100, 40
VERBS = ("enqueue", "reserve", "settle")

Costs: TypeAlias = Mapping[str, float]
"""By verb, microseconds of the server's time a job."""
Found: TypeAlias = dict[int, dict[str, Costs]]
"""By size, what it costs *here*, and what a small one costs *beside* it."""


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


class Subject:
    """One server, which is filled and then measured."""

    def __init__(self, server: Server, backend: RedisBackend) -> None:
        self.server = server
        self.backend = backend
        self._meter = Meter(server)
        self._numbers = itertools.count(1 << 40)  # no job is ever enqueued twice

    async def round(self) -> dict[str, float]:
        """A hundred jobs through each verb: seconds of the server's."""
        backend, spent = self.backend, self._meter.script_seconds
        spent()
        await backend.enqueue([message(number) for number in itertools.islice(self._numbers, BATCH)])
        found = {"enqueue": spent()}
        taken = await backend.reserve(["default"], limit=BATCH, lease=60_000)
        found["reserve"] = spent()
        await backend.settle([Done(delivery.token) for delivery in taken])
        found["settle"] = spent()
        return found


async def in_turns(here: Subject, beside: Subject) -> dict[str, Costs]:
    """A batch on the one, a batch on the other: medians of many."""
    found: dict[str, dict[str, list[float]]] = {"here": defaultdict(list), "beside": defaultdict(list)}
    for _ in range(ROUNDS):
        for name, subject in (("here", here), ("beside", beside)):
            for verb, seconds in (await subject.round()).items():
                found[name][verb].append(seconds / BATCH * 1e6)
    return {name: {verb: statistics.median(times) for verb, times in of.items()} for name, of in found.items()}


@asynccontextmanager
async def subject() -> AsyncIterator[Subject]:
    """A server of its own, that is there for as long."""
    server = Server.start()
    try:
        async with opened(server) as backend:
            yield Subject(server, backend)
    finally:
        server.stop()


async def by_size(sizes: Sequence[int], after: int | None = None) -> Found:
    """With so many jobs waiting in one queue; ``after``: milliseconds that they are delayed."""
    found: Found = {}
    stored = 0
    async with subject() as here, subject() as beside:
        await fill(beside.backend, 0, sizes[0], after)
        for size in sizes:
            await fill(here.backend, stored, size - stored, after)
            stored = size
            found[size] = await in_turns(here, beside)
    return found


async def by_queues(counts: Sequence[int]) -> Found:
    """With a hundred jobs in each of so many other queues."""
    found: Found = {}
    async with subject() as beside:
        await fill(beside.backend, 0, counts[0] * 100, queues=counts[0])
        for count in counts:
            async with subject() as here:
                await fill(here.backend, 0, count * 100, queues=count)
                found[count] = await in_turns(here, beside)
    return found


async def by_workers(counts: Sequence[int]) -> Found:
    """With so many idle clients that wait for jobs, each on a connection of its own."""
    found: Found = {}
    async with subject() as here, subject() as beside, idle(beside.server, counts[0]):
        for count in counts:
            async with idle(here.server, count):
                found[count] = await in_turns(here, beside)
    return found


@asynccontextmanager
async def idle(server: Server, count: int) -> AsyncIterator[None]:
    """So many clients that wait."""
    others = [RedisBackend(read(f"{server.url}?timeout=60000"), "growth") for _ in range(count)]
    waiting = [
        asyncio.ensure_future(other.reserve(["elsewhere"], limit=1, lease=60_000, wait=600_000)) for other in others
    ]
    await asyncio.sleep(2)  # until all of them wait
    try:
        yield
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await asyncio.gather(*(other.close() for other in others))


def ratio(costs: Mapping[str, Costs]) -> float:
    """What a job costs here, over what it costs beside it."""
    return sum(costs["here"].values()) / sum(costs["beside"].values())


def table(title: str, found: Found) -> str:
    """Markdown: the server's microseconds a job, and how that compares with the small one beside it."""
    lines = [f"| {title} | enqueue | reserve | settle | all | of {min(found):,}, beside it | ratio |", "|---" * 7 + "|"]
    for size, costs in found.items():
        here, beside = costs["here"], costs["beside"]
        cells = " | ".join(f"{here[verb]:.1f}" for verb in VERBS)
        total = f"{sum(here.values()):.1f} | {sum(beside.values()):.1f} | {ratio(costs):.2f}"
        lines.append(f"| {size:,} | {cells} | {total} |")
    return "\n".join(lines)
