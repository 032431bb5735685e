"""Measures what a job costs the server: time, bytes kept, bytes moved. What the arithmetic of scale begins with.

    python benchmarks/costs.py              a table
    python benchmarks/costs.py --json       the same for programs
    python benchmarks/costs.py --jobs 20000 --batch 100

The jobs are as small as most: a body of 200 bytes, an id of 32, no key. The server is a private one.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
from collections.abc import Awaitable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

import redis

from jobkit.backend import Done, Extension, Message
from jobkit.backends.redis import RedisBackend, factory
from jobkit.testing.redis.server import Server

BODY = os.urandom(200)

T = TypeVar("T")


@dataclass
class Costs:
    """Of one job, unless the name says otherwise. Times are microseconds of the server's processor, sizes bytes."""

    batch: int
    enqueue_us: float = 0
    reserve_us: float = 0
    settle_us: float = 0
    extend_us: float = 0
    empty_us: float = 0
    """Of one reserve that finds nothing: what an idle worker costs each time it looks."""
    waiting_bytes: float = 0
    """Kept of a job that waits, its body of 200 bytes included."""
    leased_bytes: float = 0
    received_bytes: float = 0
    """Sent to the server by enqueue, reserve and settle, together."""
    sent_bytes: float = 0
    """Sent by the server, all of it together."""
    written_bytes: float = 0
    """To its append-only file: as much goes to each replica."""


class Meter:
    """What a server has spent so far."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def cpu_us(self) -> float:
        """Of the whole process: reading, scripts, answering, and its file."""
        used = self._client.info("cpu")
        return float(used["used_cpu_user"] + used["used_cpu_sys"]) * 1e6

    def memory(self) -> int:
        return int(self._client.info("memory")["used_memory_dataset"])

    def network(self) -> tuple[int, int]:
        stats = self._client.info("stats")
        return int(stats["total_net_input_bytes"]), int(stats["total_net_output_bytes"])

    def written(self) -> int:
        return int(self._client.info("persistence")["aof_current_size"])


async def measure(server: Server, jobs: int, batch: int) -> Costs:
    client = redis.Redis.from_url(server.url)
    client.flushall()
    meter, costs = Meter(client), Costs(batch)
    backend = factory(server.url, f"costs-{batch}", None)
    try:
        await _warm(backend)
        await _measure(backend, meter, costs, jobs, batch)
    finally:
        await backend.close()
        client.close()
    return costs


async def _warm(backend: RedisBackend) -> None:
    """Every script is known, every key of the queue has been there."""
    await backend.enqueue([Message("warm", "q", b"")])
    (held,) = await backend.reserve(["q"], limit=1, lease=60_000)
    await backend.extend([Extension(held.token, 60_000)])
    await backend.settle([Done(held.token)])


async def _measure(backend: RedisBackend, meter: Meter, costs: Costs, jobs: int, batch: int) -> None:
    messages = [Message(os.urandom(16).hex(), "q", BODY) for _ in range(jobs)]
    empty, written = meter.memory(), meter.written()
    received, sent = meter.network()
    costs.enqueue_us = await _timed(meter, [backend.enqueue(each) for each in parts(messages, batch)]) / jobs
    costs.waiting_bytes = (meter.memory() - empty) / jobs
    tokens: list[str] = []

    async def take() -> None:
        tokens.extend(each.token for each in await backend.reserve(["q"], limit=batch, lease=600_000))

    costs.reserve_us = await _timed(meter, [take() for _ in range(jobs // batch)]) / jobs
    costs.leased_bytes = (meter.memory() - empty) / jobs
    between = meter.network()
    extensions = [Extension(token, 600_000) for token in tokens]
    costs.extend_us = await _timed(meter, [backend.extend(each) for each in parts(extensions, batch)]) / jobs
    after = meter.network()
    settlements = [Done(token) for token in tokens]
    costs.settle_us = await _timed(meter, [backend.settle(each) for each in parts(settlements, batch)]) / jobs
    end = meter.network()
    looks = [backend.reserve(["q"], limit=batch, lease=60_000) for _ in range(1_000)]
    costs.empty_us = await _timed(meter, looks) / 1_000
    costs.received_bytes = (between[0] - received + end[0] - after[0]) / jobs
    costs.sent_bytes = (between[1] - sent + end[1] - after[1]) / jobs
    costs.written_bytes = (meter.written() - written) / jobs


def parts(items: Sequence[T], size: int) -> list[Sequence[T]]:
    return [items[at : at + size] for at in range(0, len(items), size)]


async def _timed(meter: Meter, calls: Sequence[Awaitable[object]]) -> float:
    """The server's processor time for calls, one after another, in microseconds."""
    before = meter.cpu_us()
    for call in calls:
        await call
    return meter.cpu_us() - before


def collect(jobs: int, batches: Sequence[int], rounds: int) -> list[Costs]:
    """On a private server with an append-only file. Of each number the least of all rounds, the least disturbed."""
    server = Server.start("--appendonly", "yes", "--appendfsync", "everysec", "--auto-aof-rewrite-percentage", "0")
    try:
        return [least([asyncio.run(measure(server, jobs, batch)) for _ in range(rounds)]) for batch in batches]
    finally:
        server.stop()


def least(found: Sequence[Costs]) -> Costs:
    rows = [asdict(each) for each in found]
    return Costs(**{name: min(row[name] for row in rows) for name in rows[0]})


def rounded(costs: Costs) -> dict[str, float]:
    return {name: round(value, 1) for name, value in asdict(costs).items()}


def table(found: Sequence[Costs]) -> str:
    rows = [asdict(costs) for costs in found]
    lines = [f"| {'a job':<16} | " + " | ".join(f"batches of {row.pop('batch')}" for row in rows) + " |"]
    lines.append("|---" * (len(rows) + 1) + "|")
    lines += [f"| {name:<16} | " + " | ".join(f"{row[name]:,.1f}" for row in rows) + " |" for name in rows[0]]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="What a job costs the server.")
    parser.add_argument("--jobs", type=int, default=20_000)
    parser.add_argument("--batch", type=int, action="append", help="jobs a call; may be repeated (1, 10 and 100)")
    parser.add_argument("--rounds", type=int, default=3, help="of which the least disturbed counts (3)")
    parser.add_argument("--json", action="store_true", help="print numbers for programs")
    options = parser.parse_args()
    found = collect(options.jobs, options.batch or [1, 10, 100], options.rounds)
    print(json.dumps([rounded(each) for each in found], indent=1) if options.json else table(found))


if __name__ == "__main__":
    main()
