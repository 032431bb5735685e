"""A producer and a worker that go on while something happens to their servers."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import jobkit
from jobkit.backend import Done, Message
from jobkit.backends.redis import RedisBackend, factory


@dataclass
class Told:
    """What the callers were told: ids that were accepted, how often each was delivered, calls that failed."""

    accepted: set[str] = field(default_factory=set[str])
    delivered: Counter[str] = field(default_factory=Counter[str])
    failed: int = 0

    @property
    def lost(self) -> set[str]:
        """Accepted, and never delivered."""
        return self.accepted - self.delivered.keys()


async def traffic(url: str, namespace: str, happens: Callable[[], object], *, jobs: int = 600) -> Told:
    """Jobs one after another, before it happens, while it does, and after it; until everything is performed.

    ``happens`` runs in a thread. The clients are the same all along.
    """
    told = Told()
    producer, worker = (
        factory(url, namespace, None),
        factory(f"{url}{'&' if '?' in url else '?'}slack=100", namespace, None),
    )
    performing = asyncio.create_task(_perform(worker, told))
    try:
        await _produce(producer, told, range(jobs // 3))
        happening = asyncio.create_task(asyncio.to_thread(happens))
        number = jobs // 3
        while not happening.done() or number < 2 * jobs // 3:
            await _produce(producer, told, [number])
            number += 1
        await happening
        await _produce(producer, told, range(number, number + jobs // 3))
        async with asyncio.timeout(60):
            while await _busy(producer):
                await asyncio.sleep(0.05)
    finally:
        performing.cancel()
        await asyncio.wait([performing])
        await producer.close()
        await worker.close()
    return told


async def _busy(backend: RedisBackend) -> bool:
    try:
        return bool(await backend.queues())
    except jobkit.BackendUnavailable:
        return True


async def _produce(backend: RedisBackend, told: Told, numbers: range | list[int]) -> None:
    """Whoever is told that it failed says the same again."""
    for number in numbers:
        while True:
            try:
                await backend.enqueue([Message(f"job-{number}", "q", b"x" * 50, remember=600_000)])
            except jobkit.BackendUnavailable:
                told.failed += 1
            else:
                told.accepted.add(f"job-{number}")
                break


async def _perform(backend: RedisBackend, told: Told) -> None:
    while True:
        try:
            found = await backend.reserve(["q"], limit=10, lease=3_000, wait=500)
            told.delivered.update(each.message.id for each in found)
            if found:
                await backend.settle([Done(each.token) for each in found])
        except jobkit.BackendUnavailable:
            told.failed += 1
