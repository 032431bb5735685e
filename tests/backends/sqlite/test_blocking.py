"""Enqueuing without an event loop, from any thread."""

from __future__ import annotations

import asyncio
import gc
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import jobkit
from jobkit import events
from jobkit.backend import Accepted, Duplicate, KeyTaken, Message
from jobkit.backends.sqlite import factory
from jobkit.errors import Closed, InvalidMessage
from tests.backends.sqlite.clients import Open
from tests.worker.recorder import Recorder


async def test_many_threads_share_one(clients: Open) -> None:
    backend = clients()
    blocking = backend.blocking()
    together = threading.Barrier(8)

    def enqueue(thread: int) -> list[object]:
        together.wait()
        return [blocking.enqueue([Message(f"{thread} {n}", "q", b"", key=f"k{n}")])[0] for n in range(20)]

    with ThreadPoolExecutor(8) as pool:
        answers = await asyncio.gather(
            *(asyncio.get_running_loop().run_in_executor(pool, enqueue, thread) for thread in range(8))
        )
    blocking.close()
    for n in range(20):
        of_one_key = [answer[n] for answer in answers]
        assert sum(isinstance(outcome, Accepted) for outcome in of_one_key) == 1
        assert sum(isinstance(outcome, KeyTaken) for outcome in of_one_key) == 7
    assert (await backend.counts("q")).ready == 20


async def test_it_checks_as_the_awaited_one_does(clients: Open) -> None:
    backend = clients()
    blocking = backend.blocking()
    with pytest.raises(InvalidMessage):
        blocking.enqueue([Message("a", "q", b""), Message("\0", "q", b"")])
    (accepted,) = blocking.enqueue([Message("b", "q", b"")])
    assert isinstance(accepted, Accepted)
    assert await backend.enqueue([Message("b", "q", b"")]) == [Duplicate()]
    assert blocking.enqueue([]) == []
    blocking.close()
    blocking.close()
    with pytest.raises(Closed):
        blocking.enqueue([Message("c", "q", b"")])


def test_an_app_needs_no_loop(url: str) -> None:
    app = jobkit.App(url)
    performed: list[int] = []

    @app.job(name="add")
    def add(number: int) -> None:
        performed.append(number)

    assert add.enqueue(7)

    async def work() -> None:
        recorder = Recorder()
        stop = events.observe(recorder)
        async with jobkit.Worker(app, wait=0.05):
            await recorder.wait(events.Settled)
        stop()
        await app.aclose()

    asyncio.run(work())
    assert performed == [7]


def test_one_that_nobody_closed_lets_go_of_its_file(url: str) -> None:
    blocking = factory(url, "test", None).blocking()
    blocking.enqueue([Message("a", "q", b"")])
    connection = blocking._store._connection
    assert connection is not None
    del blocking
    gc.collect()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")
