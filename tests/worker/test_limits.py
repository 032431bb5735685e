"""A job past its limit has failed, whatever it does after that: real time, since real threads are the point."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading

import pytest

import jobkit
from jobkit.events import Ended, Settled, Started
from jobkit.execute.outcome import Performed
from tests.realtime import LEASE, SOON_OVER
from tests.worker.recorder import Recorder

pytestmark = pytest.mark.realtime


async def test_a_thread_past_its_limit_is_reported(
    app: jobkit.App, recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    go_on = threading.Event()

    @app.job(name="hang", limit=SOON_OVER)
    def hang() -> None:
        go_on.wait(10)

    with caplog.at_level(logging.WARNING, "jobkit.worker"):
        async with jobkit.Worker(app):
            await hang.aenqueue()
            (settled,) = await recorder.wait(Settled)
            go_on.set()
    assert settled.outcome.state is Performed.DEAD
    assert isinstance(settled.outcome.error, jobkit.TimeLimit)
    assert "its thread goes on and keeps its slot" in caplog.text


async def test_a_limit_counts_from_the_start_and_not_from_the_reserve(app: jobkit.App, recorder: Recorder) -> None:
    @app.job(name="block")
    async def block() -> None:
        threading.Event().wait(2 * LEASE)  # as careless jobs do: the loop is blocked

    @app.job(name="quick", limit=LEASE)
    async def quick() -> None:
        await asyncio.sleep(SOON_OVER)

    await app.aenqueue_many([block.call(), quick.call()])
    async with jobkit.Worker(app, concurrency=2, lease=4 * LEASE):
        await recorder.wait(Ended, 2)
    assert [ended.outcome.state for ended in recorder.of(Ended)] == [Performed.SUCCEEDED] * 2


async def test_what_ends_long_after_its_limit_ends_once(app: jobkit.App, recorder: Recorder) -> None:
    go_on, left = asyncio.Event(), asyncio.Event()

    @app.job(name="stubborn", limit=LEASE)
    async def stubborn() -> None:
        while not go_on.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await go_on.wait()
        left.set()

    async with jobkit.Worker(app, lease=LEASE, concurrency=1):
        await stubborn.aenqueue()
        await recorder.wait(Settled)
        go_on.set()
        await left.wait()
        await stubborn.using(id="another").aenqueue()
        await recorder.wait(Settled, 2)
    states = [(ended.id == "another", ended.outcome.state) for ended in recorder.of(Ended)]
    assert states == [(False, Performed.DEAD), (True, Performed.SUCCEEDED)]


async def test_a_job_that_blocks_the_loop_beyond_its_limit_loses_its_lease(app: jobkit.App, recorder: Recorder) -> None:
    lost = threading.Event()

    @app.job(name="block", limit=SOON_OVER)
    async def block() -> None:
        context = jobkit.current_job()
        assert context is not None
        while not context.lease_lost and not lost.is_set():
            lost.wait(0.005)  # as careless jobs do: the loop is blocked
        lost.set()

    async with jobkit.Worker(app, lease=LEASE):
        await block.aenqueue()
        (ended,) = await recorder.wait(Ended)
    assert lost.is_set()
    assert isinstance(ended.outcome.error, jobkit.TimeLimit)
    assert len(recorder.of(Started)) == 1
