"""Where many jobs are leased at once their places are searched by key, and what brought that about is gone again."""

from __future__ import annotations

import asyncio

import pytest

from jobkit.backend import Done, Message
from jobkit.backends.redis import RedisBackend
from tests.backends.redis.clients import Open
from tests.realtime import LEASE_MS

pytestmark = pytest.mark.realtime

NOW, LATER = "q", "other"
FEW, MANY = 32, 33
BY_KEY = {"leased": b"skiplist", "state": b"hashtable"}
ONE_BY_ONE = {b"listpack", b"ziplist"}


async def ask(backend: RedisBackend, *words: str | int) -> bytes | int:
    answer: bytes | int = await backend._carrier.channel.call(words)
    return answer


async def encodings(backend: RedisBackend) -> dict[str, bytes | int]:
    names = {"leased": backend.keys.leased(NOW, 0), "state": backend.keys.state}
    return {what: await ask(backend, "OBJECT", "ENCODING", name) for what, name in names.items()}


async def sizes(backend: RedisBackend) -> tuple[bytes | int, bytes | int]:
    return await ask(backend, "ZCARD", backend.keys.leased(NOW, 0)), await ask(backend, "HLEN", backend.keys.state)


@pytest.mark.parametrize("count", [FEW, MANY, 100])
async def test_how_they_are_searched(clients: Open, count: int) -> None:
    backend = clients()
    await backend.enqueue([Message(f"{number:03}", NOW, b"") for number in range(count)])
    granted = await backend.reserve([NOW], limit=count, lease=60_000)
    assert [each.message.id for each in granted] == [f"{number:03}" for number in range(count)]
    found = await encodings(backend)
    assert found == BY_KEY if count >= MANY else set(found.values()) <= ONE_BY_ONE
    assert await sizes(backend) == (count, count)
    assert (await backend.counts(NOW)).leased == count
    await backend.settle([Done(each.token) for each in granted])
    assert await sizes(backend) == (0, 0)


async def test_it_is_no_job_of_any_queue(clients: Open) -> None:
    """Levels of several queues in one call, a lease that ends, and the next due time that is told."""
    backend = clients()
    await backend.enqueue([Message(f"a{number}", NOW, b"") for number in range(20)])
    await backend.enqueue([Message(f"b{number}", LATER, b"", priority=3) for number in range(20)])
    granted = await backend.reserve([NOW, LATER], limit=100, lease=LEASE_MS)
    assert len(granted) == 40
    again = await asyncio.wait_for(backend.reserve([NOW, LATER], limit=100, lease=60_000, wait=60_000), 10)
    assert again
    assert {each.message.id for each in again} <= {each.message.id for each in granted}
    assert await backend.queues() == sorted([NOW, LATER])
