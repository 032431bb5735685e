"""``Aggregate``: a backend whose enqueues are gathered."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import pytest

import jobkit
from jobkit.backend import EnqueueOutcome, Message
from jobkit.backends.inline import InlineBackend
from jobkit.backends.inline.backend import Memory
from jobkit.clock import Clock, ManualClock
from jobkit.errors import Closed, ConfigurationError, InvalidMessage
from tests.core.stored_jobs import Shelf


class Counting(InlineBackend):
    """Keeps jobs in memory, and how many each step stored."""

    steps: list[int]

    async def enqueue(self, messages: Sequence[Message]) -> list[EnqueueOutcome]:
        self.steps.append(len(messages))
        return await super().enqueue(messages)


@pytest.fixture
def steps() -> list[int]:
    return []


@pytest.fixture
def factory(memory: Memory, clock: ManualClock, steps: list[int]) -> Any:
    def factory(url: str | None, namespace: str, _: Clock | None) -> Counting:
        made = Counting(memory, clock)
        made.steps = steps
        return made

    return factory


@pytest.fixture
def aggregate(factory: Any) -> jobkit.Aggregate:
    return jobkit.Aggregate(factory, size=4, wait=0.02)


def declare(app: jobkit.App) -> jobkit.Job[[str], None]:
    @app.job(name="shop.send")
    def send(text: str) -> None: ...

    return send


async def test_callers_share_steps_and_each_has_its_receipt(
    aggregate: jobkit.Aggregate, steps: list[int], shelf: Shelf
) -> None:
    send = declare(jobkit.App(aggregate))
    receipts = await asyncio.gather(*(send.aenqueue(str(number)) for number in range(10)))
    assert all(receipts)
    assert steps == [4, 4, 2]
    assert shelf.ids == [receipt.id for receipt in receipts]


async def test_one_callers_invalid_message_fails_nobody_else(aggregate: jobkit.Aggregate, shelf: Shelf) -> None:
    send = declare(jobkit.App(aggregate))
    calls = [send.aenqueue("a"), send.aenqueue("x" * (2 << 20)), send.aenqueue("b")]
    found = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(each) for each in found] == [jobkit.Receipt, InvalidMessage, jobkit.Receipt]
    assert len(shelf) == 2


def test_threads_share_steps_too(aggregate: jobkit.Aggregate, steps: list[int], shelf: Shelf) -> None:
    send = declare(jobkit.App(aggregate))
    ready = threading.Barrier(8)

    def enqueue() -> None:
        ready.wait()
        assert send.enqueue("a")

    threads = [threading.Thread(target=enqueue) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(shelf) == sum(steps) == 8
    assert len(steps) < 8


async def test_closing_stores_what_was_gathered(factory: Any, steps: list[int]) -> None:
    backend = jobkit.Aggregate(factory, wait=60)(None, "jobkit", None)
    waiting = asyncio.ensure_future(backend.enqueue([Message("a", "q", b"")]))
    await asyncio.sleep(0)
    await backend.close()
    assert len(await waiting) == 1
    with pytest.raises(Closed):
        await backend.enqueue([Message("b", "q", b"")])


def test_a_worker_performs_what_was_gathered(aggregate: jobkit.Aggregate) -> None:
    app = jobkit.App(aggregate)
    done: list[str] = []

    @app.job(name="shop.note")
    async def note(text: str) -> None:
        done.append(text)
        if len(done) == 2:
            finished.set()

    async def main() -> None:
        async with jobkit.Worker(app):
            await asyncio.gather(note.aenqueue("a"), note.aenqueue("b"))
            await asyncio.wait_for(finished.wait(), 10)

    finished = asyncio.Event()
    asyncio.run(main())
    assert sorted(done) == ["a", "b"]


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ({"size": 0}, "size is a number of messages, at least 1, not 0"),
        ({"wait": -1}, "wait is 0 to 60 seconds, not -1"),
        ({"wait": True}, "wait is 0 to 60 seconds, not True"),
    ],
)
def test_what_can_not_be_meant_is_refused(factory: Any, stated: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        jobkit.Aggregate(factory, **stated)


async def test_memory_needs_no_batches() -> None:
    with pytest.raises(ConfigurationError, match="give the app inline: itself"):
        await declare(jobkit.App(jobkit.Aggregate("inline:"))).aenqueue("a")


def test_a_password_is_not_shown() -> None:
    app = jobkit.App(jobkit.Aggregate("redis://ada:secret@queue.example.com"))
    shown = str(app.clients("default").source)
    assert "secret" not in shown
    assert "queue.example.com" in shown
