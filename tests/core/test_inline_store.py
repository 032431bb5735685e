"""The memory that inline backends share."""

from __future__ import annotations

import threading

import pytest

from jobkit.backend import Accepted, Counts, Message
from jobkit.backends.inline import InlineBackend, factory
from jobkit.clock import ManualClock
from jobkit.errors import Closed, InvalidArgument


async def count(backend: InlineBackend) -> int:
    counts: Counts = await backend.counts("mail")
    return counts.ready


async def store(backend: InlineBackend) -> None:
    await backend.enqueue([Message(f"id-{id(backend)}", "mail", b"")])


async def test_one_name_is_one_memory() -> None:
    one, other = factory("inline:test-one-name", "jobkit", None), factory("inline:test-one-name?x=1", "jobkit", None)
    await store(one)
    assert await count(other) == 1
    await one.wipe()


@pytest.mark.parametrize(("url", "namespace"), [("inline:test-other", "jobkit"), ("inline:test-names", "other")])
async def test_another_name_or_namespace_is_another(url: str, namespace: str) -> None:
    one, other = factory("inline:test-names", "jobkit", None), factory(url, namespace, None)
    await store(one)
    assert await count(other) == 0
    await one.wipe()


async def test_a_wiped_memory_is_as_if_it_had_never_been() -> None:
    before = factory("inline:test-wiped", "jobkit", None)
    await store(before)
    await before.wipe()
    assert await count(before) == 0
    assert await count(factory("inline:test-wiped", "jobkit", None)) == 0


def test_a_namespace_is_a_name() -> None:
    with pytest.raises(InvalidArgument, match="^namespace "):
        factory("inline:", "a\n", None)


async def test_its_time_is_the_clock_that_it_was_given() -> None:
    clock = ManualClock(5_000)
    backend = InlineBackend(clock=clock)
    assert await backend.enqueue([Message("a", "mail", b"", after=10)]) == [Accepted(due=5_010)]


def test_its_blocking_face_is_the_same_client() -> None:
    backend = InlineBackend()
    face = backend.blocking()
    assert len(face.enqueue([Message("a", "mail", b"")])) == 1
    face.close()
    with pytest.raises(Closed, match="this inline backend is closed"):
        face.enqueue([Message("b", "mail", b"")])


async def test_who_waits_is_woken_from_another_thread() -> None:
    backend = InlineBackend()
    face = InlineBackend(backend.memory).blocking()
    thread = threading.Timer(0, lambda: face.enqueue([Message("a", "mail", b"")]))
    thread.start()
    (delivery,) = await backend.reserve(["mail"], limit=1, lease=1_000, wait=30_000)
    assert delivery.message.id == "a"
    thread.join()


async def test_a_moved_clock_wakes_who_waits() -> None:
    import asyncio

    clock = ManualClock()
    backend = InlineBackend(clock=clock)
    await backend.enqueue([Message("a", "mail", b"", after=3_600_000)])
    reserving = asyncio.create_task(backend.reserve(["mail"], limit=1, lease=1_000, wait=7_200_000))
    await asyncio.sleep(0)
    clock.move(3_600_000)
    assert [delivery.message.id for delivery in await reserving] == ["a"]
