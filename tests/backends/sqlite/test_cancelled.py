"""Whoever stops awaiting leaves nothing half done: not begun, or done and taken back, or done as a whole."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import Callable

import pytest

from jobkit.backend import Message, Stored
from jobkit.backends.sqlite import SqliteBackend, factory
from jobkit.errors import BackendUnavailable
from tests.backends.sqlite.clients import Open
from tests.realtime import LEASE


async def _gone(task: asyncio.Task[object]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def _kept(backend: SqliteBackend, id: str) -> tuple[str, int] | None:
    (found,) = await backend.get([id])
    return (found.state.value, found.number) if isinstance(found, Stored) else None


async def test_a_reserve_that_was_cancelled_before_its_turn_is_not_begun(clients: Open) -> None:
    backend = clients()
    await backend.enqueue([Message("a", "q", b"")])
    backend.store.pause()  # the thread can't get on
    first = asyncio.create_task(backend.get(["a"]))
    second = asyncio.create_task(backend.reserve(["q"], limit=1, lease=60_000))
    await asyncio.sleep(0)
    await _gone(second)
    backend.store.let_go()
    await first
    assert await _kept(backend, "a") == ("ready", 0)


async def test_what_a_reserve_took_that_was_cancelled_under_way_is_given_back(clients: Open) -> None:
    backend = clients()
    await backend.enqueue([Message("a", "q", b"")])
    begun, go_on = threading.Event(), threading.Event()
    wall = backend.store.wall

    def slow() -> int:
        begun.set()
        go_on.wait(30)
        return wall()

    backend.store.wall = slow  # type: ignore[method-assign]
    task = asyncio.create_task(backend.reserve(["q"], limit=1, lease=60_000))
    await asyncio.to_thread(begun.wait, 30)
    await _gone(task)
    go_on.set()
    assert await _kept(backend, "a") == ("ready", 1)
    (again,) = await backend.reserve(["q"], limit=1, lease=60_000)
    assert (again.attempt, again.number) == (1, 2)


async def test_an_answer_that_nobody_was_left_to_take_is_taken_back(clients: Open) -> None:
    """The answer is there, and its task is cancelled before it goes on."""
    backend = clients()
    await backend.enqueue([Message("a", "q", b"")])
    task = asyncio.create_task(backend.reserve(["q"], limit=1, lease=60_000))
    loop = asyncio.get_running_loop()
    threads = loop.call_soon_threadsafe
    delivered = asyncio.Event()

    def deliver(callback: Callable[..., object], *arguments: object) -> object:
        def then_cancel() -> None:
            callback(*arguments)
            task.cancel()
            delivered.set()

        return threads(then_cancel)

    loop.call_soon_threadsafe = deliver  # type: ignore[method-assign, assignment]
    await delivered.wait()
    loop.call_soon_threadsafe = threads  # type: ignore[method-assign]
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await _kept(backend, "a") == ("ready", 1)


def test_what_was_taken_for_a_loop_that_is_closed_is_given_back(url: str) -> None:
    async def begin(backend: SqliteBackend) -> None:
        await backend.enqueue([Message("a", "q", b"")])
        backend.store.pause()
        task = asyncio.create_task(backend.reserve(["q"], limit=1, lease=60_000))
        await asyncio.sleep(0)
        assert not task.done()

    async def take() -> list[tuple[int, int]]:
        other = factory(url, "test", None)
        try:
            found = await other.reserve(["q"], limit=1, lease=60_000, wait=20_000)
            return [(delivery.number, delivery.attempt) for delivery in found]
        finally:
            await other.close()

    backend = factory(url, "test", None)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(begin(backend))
    tasks = asyncio.all_tasks(loop)
    loop.close()
    backend.store.let_go()
    assert asyncio.run(_kept(backend, "a")) == ("ready", 1), "its turn comes after that of the reserve"
    assert asyncio.run(take()) == [(2, 1)], "granted once before, and given back long before its lease is over"
    for task in tasks:
        task._log_destroy_pending = False  # type: ignore[attr-defined]
        task.get_coro().close()
    backend.store.close()


@pytest.mark.realtime
async def test_a_verb_ends_in_time_even_if_the_disk_does_not_answer(clients: Open) -> None:
    backend = clients(timeout=200)
    await backend.enqueue([Message("a", "q", b"")])
    backend.store.pause()
    begun = time.monotonic()
    with pytest.raises(BackendUnavailable, match="gave no answer within 200 ms") as raised:
        await backend.reserve(["q"], limit=1, lease=60_000)
    assert time.monotonic() - begun < 0.2 + LEASE
    assert isinstance(raised.value.__cause__, TimeoutError)
    backend.store.let_go()
    assert (await _kept(backend, "a") or ("", 0))[0] == "ready"


def test_a_client_that_nobody_closed_ends_its_thread(url: str) -> None:
    async def use() -> threading.Thread:
        backend = factory(url, "test", None)
        await backend.describe()
        thread = backend.thread._thread
        assert thread is not None
        return thread

    thread = asyncio.run(use())
    gc.collect()
    thread.join(20)
    assert not thread.is_alive()
