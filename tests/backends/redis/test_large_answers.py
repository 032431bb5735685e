"""A reserve of many large jobs answers with as many as can arrive in time: the rest is the next one's."""

from __future__ import annotations

import asyncio

import pytest

from jobkit.backend import Delivery, Done, Message
from jobkit.backends.redis.backend import RedisBackend
from jobkit.testing.redis.server import Server
from jobkit_conformance.transport.proxy import Proxy
from tests.backends.redis.clients import Open, url_through

pytestmark = pytest.mark.realtime

LARGE = 1 << 20
SMALL = 10


async def enqueue(backend: RedisBackend, sizes: list[int]) -> list[str]:
    """One after another, so that they are granted in this order."""
    ids = [f"{number}" for number in range(len(sizes))]
    for id, size in zip(ids, sizes, strict=True):
        await backend.enqueue([Message(id, "q", b"x" * size)])
    return ids


async def drain(backend: RedisBackend, limit: int = 100) -> list[list[Delivery]]:
    """Reserve and settle until nothing is left."""
    found: list[list[Delivery]] = []
    while some := await backend.reserve(["q"], limit=limit, lease=60_000):
        found.append(some)
        await backend.settle([Done(each.token) for each in some])
    return found


@pytest.mark.parametrize(
    "sizes",
    [
        [LARGE - 100] * 20,
        [SMALL] * 50 + [LARGE - 100] * 20,
        [LARGE - 100] * 10 + [SMALL] * 50,
        [*[SMALL] * 7, LARGE - 100] * 12,
    ],
    ids=["large", "small before large", "large before small", "mixed"],
)
async def test_all_come_in_order_and_no_answer_is_too_large(clients: Open, sizes: list[int]) -> None:
    backend = clients()
    ids = await enqueue(backend, sizes)
    answers = await drain(backend)
    assert [each.message.id for answer in answers for each in answer] == ids
    assert {each.attempt for answer in answers for each in answer} == {1}
    of = [sum(len(each.message.body) for each in answer) for answer in answers]
    assert max(of) <= backend.capabilities.max_batch_bytes
    assert len(answers) <= 1 + sum(sizes) // (backend.capabilities.max_batch_bytes - 2 * LARGE), "no fewer than fit"


async def test_small_ones_come_together(clients: Open) -> None:
    backend = clients()
    await enqueue(backend, [SMALL] * 100)
    assert [len(answer) for answer in await drain(backend)] == [100]


async def test_who_waits_is_woken_for_what_was_left(server: Server, clients: Open) -> None:
    backend = clients()
    await backend.pause("q")
    await enqueue(backend, [LARGE - 100] * 20)
    async with Proxy() as proxy:
        others = [clients(f"{url_through(proxy, server)}?slack=60000") for _ in range(3)]
        waiting: list[asyncio.Task[list[Delivery]]] = []
        for each in others:
            heard = asyncio.create_task(proxy.heard("blpop"))
            waiting.append(asyncio.create_task(each.reserve(["q"], limit=100, lease=60_000, wait=60_000)))
            await heard
        await backend.resume("q")
        async with asyncio.timeout(20):
            found = await asyncio.gather(*waiting)
        for each in others:
            await each.close()
    assert sorted(map(len, found)) == [4, 8, 8]
