"""Who waits is woken: by this process at once, by others within the slack, by the clock on time."""

from __future__ import annotations

import asyncio

import pytest

from jobkit.backend import Message
from jobkit.clock import ManualClock
from tests.backends.sqlite.clients import Open, start

NEVER = 3_600_000
"""A slack with which nobody looks by himself while a test lasts."""


async def _waiting(clients: Open, **options: object) -> asyncio.Task[list[str]]:
    waiter = clients(**options)
    assert await waiter.reserve(["q"], limit=1, lease=60_000) == []

    async def wait() -> list[str]:
        return [each.message.id for each in await waiter.reserve(["q"], limit=1, lease=60_000, wait=NEVER)]

    task = asyncio.create_task(wait())
    while not waiter.reserving.bells or not waiter.store.connected:
        await asyncio.sleep(0)
    return task


async def test_an_enqueue_of_this_process_wakes_without_a_poll(clients: Open) -> None:
    waiting = await _waiting(clients, slack=NEVER)
    await clients().enqueue([Message("a", "q", b"")])
    async with asyncio.timeout(10):
        assert await waiting == ["a"]


async def test_a_blocking_enqueue_of_another_thread_wakes_without_a_poll(clients: Open) -> None:
    waiting = await _waiting(clients, slack=NEVER)
    blocking = clients().blocking()
    await asyncio.to_thread(blocking.enqueue, [Message("a", "q", b"")])
    blocking.close()
    async with asyncio.timeout(10):
        assert await waiting == ["a"]


@pytest.mark.realtime
async def test_a_due_time_wakes_without_a_poll(clients: Open) -> None:
    await clients().enqueue([Message("a", "q", b"", after=100)])
    waiting = await _waiting(clients, slack=NEVER)
    async with asyncio.timeout(10):
        assert await waiting == ["a"]


async def test_a_clock_that_is_moved_wakes_without_a_poll(clients: Open) -> None:
    clock = ManualClock()
    await clients(clock=clock).enqueue([Message("a", "q", b"", after=86_400_000)])
    waiting = await _waiting(clients, clock=clock, slack=NEVER)
    await asyncio.sleep(0)
    clock.move(86_400_000)
    async with asyncio.timeout(10):
        assert await waiting == ["a"]


@pytest.mark.realtime
async def test_an_enqueue_of_another_process_is_noticed(clients: Open, url: str) -> None:
    waiting = await _waiting(clients, slack=100)
    with start("produces", url, "test", 1) as producer:
        async with asyncio.timeout(30):
            assert await waiting == ["0"]
        producer.communicate(timeout=30)


async def test_who_finds_nothing_locks_nothing(clients: Open) -> None:
    """Another process may be writing: an idle worker neither waits for it nor makes it wait."""
    worker, writer = clients(timeout=500), clients()
    await worker.reserve(["q"], limit=1, lease=1)
    await writer.describe()
    connection = writer.store._connection
    assert connection is not None
    connection.execute("BEGIN IMMEDIATE")
    try:
        assert await worker.reserve(["q"], limit=1, lease=1) == []
    finally:
        connection.execute("ROLLBACK")
