"""A lease follows its job: in real time, since real leases are the point."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from typing import Literal

import pytest
from msgspec import structs

import jobkit
from jobkit.backend import Capabilities, Extended, ExtendOutcome, Extension
from jobkit.backends.inline import InlineBackend
from jobkit.events import Ended, LeaseLost, Settled, Started
from jobkit.execute.outcome import Performed
from tests.realtime import LEASE, LEASE_MS
from tests.worker.recorder import Recorder


@pytest.mark.invariant
@pytest.mark.realtime
async def test_a_job_that_blocks_the_loop_keeps_its_lease(app: jobkit.App, recorder: Recorder) -> None:
    @app.job(name="block")
    async def block() -> None:
        time.sleep(2.2 * LEASE)  # noqa: ASYNC251  (what a careless job does)

    other = jobkit.Worker(app, lease=LEASE)
    async with jobkit.Worker(app, lease=LEASE):
        await block.aenqueue()
        await recorder.wait(Started)
        async with other:
            await recorder.wait(Settled)
    assert len(recorder.of(Started)) == 1
    assert recorder.of(LeaseLost) == []


@pytest.mark.invariant
@pytest.mark.realtime
async def test_a_lease_is_kept_for_the_limit_from_the_start_and_not_from_the_reserve(
    app: jobkit.App, recorder: Recorder
) -> None:
    @app.job(name="block")
    async def block() -> None:
        time.sleep(2.2 * LEASE)  # noqa: ASYNC251  (what a careless job does)

    @app.job(name="long", limit=3 * LEASE)
    async def long() -> None:
        await asyncio.sleep(2.2 * LEASE)

    await app.aenqueue_many([block.call(), long.call()])
    async with jobkit.Worker(app, concurrency=2, lease=LEASE):
        await recorder.wait(Settled, 2)
    assert recorder.of(LeaseLost) == []
    assert [ended.outcome.state for ended in recorder.of(Ended)] == [Performed.SUCCEEDED] * 2


@pytest.mark.invariant
@pytest.mark.realtime
async def test_a_long_thread_keeps_its_lease(app: jobkit.App, backend: InlineBackend, recorder: Recorder) -> None:
    @app.job(name="long")
    def long() -> None:
        time.sleep(2.2 * LEASE)

    async with jobkit.Worker(app, lease=LEASE):
        await long.aenqueue()
        await recorder.wait(Started)
        assert await backend.reserve(["default"], limit=1, lease=60_000, wait=3 * LEASE_MS) == []
        (settled,) = await recorder.wait(Settled)
    assert settled.attempt == 1


@pytest.mark.realtime
async def test_a_job_that_was_ended_by_hand_is_told_and_interrupted(
    app: jobkit.App, backend: InlineBackend, recorder: Recorder
) -> None:
    seen: list[jobkit.JobContext] = []

    @app.job(name="wait")
    async def wait() -> None:
        context = jobkit.current_job()
        assert context is not None
        seen.append(context)
        await asyncio.Event().wait()

    async with jobkit.Worker(app, lease=LEASE):
        receipt = await wait.aenqueue()
        await recorder.wait(Started)
        await backend.delete([receipt.id])
        await recorder.wait(LeaseLost)
        (ended,) = await recorder.wait(Ended)
    assert ended.outcome.state is Performed.INTERRUPTED
    assert seen[0].lease_lost
    assert seen[0].should_stop


@pytest.mark.realtime
async def test_a_cancelled_job_is_interrupted_and_over(
    app: jobkit.App, backend: InlineBackend, recorder: Recorder
) -> None:
    @app.job(name="wait")
    async def wait() -> None:
        await asyncio.Event().wait()

    async with jobkit.Worker(app, lease=LEASE):
        receipt = await wait.aenqueue()
        await recorder.wait(Started)
        await app.acancel(receipt)
        await recorder.wait(Settled)
    assert await backend.queues() == []


@pytest.mark.realtime
async def test_a_lease_that_could_not_be_kept_is_reported_and_the_job_still_settles(
    backend: InlineBackend, recorder: Recorder
) -> None:
    class Deaf(InlineBackend):
        """Extends nothing: as if the store could not be reached from the keeper's thread."""

        async def extend(self, extensions: object) -> list[Extended]:  # type: ignore[override]
            raise jobkit.BackendUnavailable("the store is far away")

    app = jobkit.App(lambda url, namespace, clock: Deaf(backend.memory, clock))
    go_on = asyncio.Event()

    @app.job(name="wait")
    async def wait() -> None:
        await go_on.wait()

    async with jobkit.Worker(app, lease=LEASE, concurrency=1):
        await wait.aenqueue()
        await recorder.wait(LeaseLost)
        go_on.set()
        (settled,) = await recorder.wait(Settled)
    assert settled.outcome.state is Performed.SUCCEEDED


@pytest.mark.realtime
async def test_leases_are_kept_again_by_who_answered_too_little(
    backend: InlineBackend, recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    odd, kept = [True, True], threading.Event()

    class Odd(InlineBackend):
        """Forgets to answer, twice; and can't be closed."""

        async def extend(self, extensions: Sequence[Extension]) -> list[ExtendOutcome]:
            outcomes = await super().extend(extensions)
            if odd and odd.pop():
                return []
            kept.set()
            return outcomes

        async def close(self) -> None:
            raise OSError("no such socket")

    app = jobkit.App(lambda url, namespace, clock: Odd(backend.memory, clock))

    @app.job(name="long")
    def long() -> None:
        kept.wait(20)

    async with jobkit.Worker(app, lease=LEASE):
        await long.aenqueue()
        await recorder.wait(Settled)
    assert odd == []
    assert len(recorder.of(Started)) == 1
    assert caplog.text.count("leases could not be extended, and are tried again") == 2
    assert "the client that extends leases could not be closed: OSError('no such socket')" in caplog.text


@pytest.mark.parametrize(
    ("durable", "lease", "warned"), [("process", 1.9, True), ("process", 2.0, False), (None, 0.1, False)]
)
async def test_leases_that_a_dead_connection_outlasts_are_warned_of(
    caplog: pytest.LogCaptureFixture, durable: Literal["process"] | None, lease: float, *, warned: bool
) -> None:
    class Remote(InlineBackend):
        @property
        def capabilities(self) -> Capabilities:
            return structs.replace(super().capabilities, durable=durable, timeout=1_000)

    memory = InlineBackend().memory
    async with jobkit.Worker(jobkit.App(lambda url, namespace, clock: Remote(memory, clock)), lease=lease):
        pass
    assert ("are shorter than twice the 1 s that" in caplog.text) is warned
