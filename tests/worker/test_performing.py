"""What a worker does with the jobs that it takes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import pytest

import jobkit
from jobkit.backend import Delivery
from jobkit.backends.inline import InlineBackend
from jobkit.events import Ended, Settled, Started
from jobkit.execute.outcome import Performed
from tests.worker.recorder import Recorder


async def test_asynchronous_jobs_run_on_the_loop_and_plain_ones_in_threads(app: jobkit.App, recorder: Recorder) -> None:
    threads: dict[str, int] = {}

    @app.job(name="on_loop")
    async def on_loop() -> None:
        threads["on_loop"] = threading.get_ident()

    @app.job(name="in_thread")
    def in_thread() -> None:
        threads["in_thread"] = threading.get_ident()

    async with jobkit.Worker(app):
        await app.aenqueue_many([on_loop.call(), in_thread.call()])
        await recorder.wait(Settled, 2)
    assert threads["on_loop"] == threading.get_ident()
    assert threads["in_thread"] != threading.get_ident()


async def test_a_failure_is_tried_again_and_then_dead(
    app: jobkit.App, backend: InlineBackend, recorder: Recorder
) -> None:
    @app.job(name="fail", retry=jobkit.Retry(attempts=3, wait=0, on=OSError))
    async def fail() -> None:
        raise ConnectionError("the line is down")

    async with jobkit.Worker(app):
        receipt = await fail.aenqueue()
        ended = await recorder.wait(Settled, 3)
    assert [event.attempt for event in ended] == [1, 2, 3]
    assert [event.outcome.state for event in ended] == [Performed.RETRYING, Performed.RETRYING, Performed.DEAD]
    (stored,) = await backend.get([receipt.id])
    assert "ConnectionError: the line is down" in str(stored.reason)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "error",
    [
        ValueError("x"),
        SystemExit(3),
        KeyboardInterrupt(),
        GeneratorExit(),
        asyncio.CancelledError(),
        BaseException("x"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_nothing_that_a_job_raises_ends_the_worker(
    app: jobkit.App, backend: InlineBackend, recorder: Recorder, error: BaseException
) -> None:
    @app.job(name="raise_async")
    async def raise_async() -> None:
        raise error

    @app.job(name="raise_plain")
    def raise_plain() -> None:
        raise error

    @app.job(name="fine")
    async def fine() -> None: ...

    async with jobkit.Worker(app, concurrency=1):
        await app.aenqueue_many([raise_async.call(), raise_plain.call(), fine.call(), fine.call()])
        settled = await recorder.wait(Settled, 4)
    assert [event.outcome.state for event in settled][2:] == [Performed.SUCCEEDED, Performed.SUCCEEDED]
    assert {event.outcome.state for event in settled[:2]} == {Performed.DEAD}
    assert (await backend.counts("default")).dead == 2


async def test_a_job_that_awaits_a_cancelled_task_has_failed(app: jobkit.App, recorder: Recorder) -> None:
    @app.job(name="meet")
    async def meet() -> None:
        task = asyncio.get_running_loop().create_task(asyncio.sleep(60))
        task.cancel()
        await task

    async with jobkit.Worker(app):
        await meet.aenqueue()
        (ended,) = await recorder.wait(Ended)
    assert ended.outcome.state is Performed.DEAD


async def test_attempts_beyond_the_limit_are_dead_without_a_start(
    app: jobkit.App, backend: InlineBackend, recorder: Recorder
) -> None:
    started: list[int] = []

    @app.job(name="once", retry=jobkit.Retry(attempts=1))
    async def once() -> None:
        started.append(1)

    receipt = await once.aenqueue()
    await backend.reserve(["default"], limit=1, lease=1)  # taken by a worker that is never heard of again
    async with jobkit.Worker(app):
        (settled,) = await recorder.wait(Settled)
    assert started == []
    (stored,) = await backend.get([receipt.id])
    assert "attempt 2 of at most 1, so it was not started" in str(stored.reason)  # type: ignore[union-attr]
    assert settled.outcome.state is Performed.DEAD


async def test_no_more_jobs_start_than_the_limit_says(
    app: jobkit.App, backend: InlineBackend, recorder: Recorder
) -> None:
    running, most = 0, 0
    go_on = asyncio.Event()

    @app.job(name="count")
    async def count() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await go_on.wait()
        running -= 1

    await app.aenqueue_many([count.call() for _ in range(20)])
    async with jobkit.Worker(app, concurrency=3):
        await recorder.wait(Started, 3)
        counts = await backend.counts("default")
        assert (counts.leased, counts.ready) == (3, 17), "nothing is reserved beyond what can start"
        go_on.set()
        await recorder.wait(Settled, 20)
    assert most == 3


async def test_what_ends_in_its_first_step_leaves_its_slot_to_the_very_next_reserve(
    backend: InlineBackend, recorder: Recorder
) -> None:
    limits: list[int] = []

    class Watched(InlineBackend):
        async def reserve(self, queues: Sequence[str], *, limit: int, lease: int, wait: int = 0) -> list[Delivery]:
            limits.append(limit)
            return await super().reserve(queues, limit=limit, lease=lease, wait=wait)

    app = jobkit.App(lambda url, namespace, clock: Watched(backend.memory, clock))

    @app.job(name="quick")
    async def quick() -> None: ...

    await app.aenqueue_many([quick.call() for _ in range(2)])
    async with jobkit.Worker(app, concurrency=3):
        await recorder.wait(Settled, 2)
    assert limits[:2] == [3, 3], "a reserve of the one slot that was left is a round trip that all others wait for"


async def test_a_thread_that_does_not_end_keeps_its_slot(app: jobkit.App, recorder: Recorder, caplog: Any) -> None:
    stuck, let_go = threading.Event(), threading.Event()

    @app.job(name="hang")
    def hang() -> None:
        stuck.set()
        let_go.wait(20)

    worker = jobkit.Worker(app, concurrency=1, grace=0)
    await worker.start()
    receipt = await hang.aenqueue()
    await recorder.wait(Started)
    assert await asyncio.to_thread(stuck.wait, 10)
    await worker.stop()
    (ended,) = recorder.of(Ended)
    assert (ended.id, ended.outcome.state) == (receipt.id, Performed.INTERRUPTED)
    assert "its thread goes on and keeps its slot" in caplog.text
    let_go.set()


async def test_observers_that_raise_break_nothing(app: jobkit.App, recorder: Recorder, caplog: Any) -> None:
    from jobkit import events

    def bad(event: object) -> None:
        raise RuntimeError("observer")

    stop = events.observe(bad)

    @app.job(name="fine")
    async def fine() -> None: ...

    async with jobkit.Worker(app):
        await fine.aenqueue()
        await recorder.wait(Settled)
    stop()
    assert caplog.text.count("RuntimeError: observer") == 5, "of each event, from the first call on"


async def test_it_is_ready_at_once_though_nothing_is_there(app: jobkit.App) -> None:
    async with jobkit.Worker(app, wait=60) as worker, asyncio.timeout(20):
        while not worker.ready:
            await asyncio.sleep(0)
