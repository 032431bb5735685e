"""How a worker stops, and what happens to the jobs that it has."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
import weakref
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest

import jobkit
from jobkit.backends.delegating import DelegatingBackend
from jobkit.backends.inline import InlineBackend
from jobkit.errors import BackendUnavailable
from jobkit.events import Ended, Settled, Started
from jobkit.execute.outcome import Performed
from tests.realtime import LEASE
from tests.worker.recorder import Recorder

T = TypeVar("T")


async def test_running_jobs_end_within_the_grace(app: jobkit.App, backend: InlineBackend, recorder: Recorder) -> None:
    go_on = asyncio.Event()

    @app.job(name="wait")
    async def wait() -> None:
        await go_on.wait()

    worker = jobkit.Worker(app, grace=20)
    await worker.start()
    await wait.aenqueue()
    await recorder.wait(Started)
    stopping = asyncio.create_task(worker.stop())
    await asyncio.sleep(0)
    later = await wait.aenqueue()
    go_on.set()
    await stopping
    assert [event.outcome.state for event in recorder.of(Settled)] == [Performed.SUCCEEDED]
    (stored,) = await backend.get([later.id])
    assert stored.attempt == 0, "nothing is reserved any more"  # type: ignore[union-attr]


async def test_what_does_not_end_is_given_back_at_no_cost(
    app: jobkit.App, backend: InlineBackend, recorder: Recorder
) -> None:
    @app.job(name="wait", retry=jobkit.Retry(attempts=1))
    async def wait() -> None:
        await asyncio.Event().wait()

    worker = jobkit.Worker(app, grace=0)
    await worker.start()
    receipt = await wait.aenqueue()
    await recorder.wait(Started)
    await worker.stop()
    (delivery,) = await backend.reserve(["default"], limit=1, lease=60_000)
    assert (delivery.message.id, delivery.attempt) == (receipt.id, 1)


async def test_a_job_that_ignores_being_cancelled_is_given_back_all_the_same(
    app: jobkit.App, backend: InlineBackend, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobkit.worker.executor.CANCEL_TIMEOUT", 0.01)
    go_on = asyncio.Event()

    @app.job(name="stubborn")
    async def stubborn() -> None:
        while not go_on.is_set():
            try:
                await go_on.wait()
            except asyncio.CancelledError:
                continue

    worker = jobkit.Worker(app, grace=0)
    await worker.start()
    await stubborn.aenqueue()
    await recorder.wait(Started)
    await worker.stop()
    assert (await backend.counts("default")).ready == 1
    go_on.set()
    await asyncio.sleep(0)


class _Late(DelegatingBackend):
    """Answers a reserve once it was given up, and takes nothing back."""

    def __init__(self, backend: InlineBackend) -> None:
        super().__init__(backend)
        self.asked = asyncio.Event()
        self.reserved = 0

    async def intercept(
        self, verb: str, args: Sequence[Any], stated: Mapping[str, Any], call: Callable[[], Awaitable[T]]
    ) -> T:
        if verb == "settle":
            raise BackendUnavailable("cut off")
        if verb != "reserve":
            return await call()
        self.reserved += 1
        self.asked.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        return await call()


@pytest.mark.realtime
@pytest.mark.parametrize("plain", [False, True])
async def test_a_stop_that_is_cancelled_interrupts_at_once_and_keeps_no_lease(
    app: jobkit.App, backend: InlineBackend, recorder: Recorder, tmp_path: Path, *, plain: bool
) -> None:
    go_on, interrupted = threading.Event(), asyncio.Event()

    @app.job(name="long")
    async def long() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            interrupted.set()
            await asyncio.to_thread(go_on.wait, 20)

    @app.job(name="long, in a thread")
    def threaded() -> None:
        go_on.wait(20)

    live = tmp_path / "live"
    worker = jobkit.Worker(app, lease=LEASE, grace=60, live_file=live)
    await worker.start()
    await (threaded if plain else long).aenqueue()
    await recorder.wait(Started)
    stopping = asyncio.create_task(worker.stop())
    await asyncio.sleep(0)
    stopping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopping
    assert not live.exists(), "else it looks alive, and is touched for ever"
    if not plain:
        async with asyncio.timeout(20):
            await interrupted.wait()
    (again,) = await backend.reserve(["default"], limit=1, lease=60_000, wait=20_000)
    go_on.set()
    assert again.attempt == (1 if plain else 2)  # a thread can't be interrupted, and is given back as it is


def test_a_worker_whose_loop_ended_without_a_stop_is_forgotten() -> None:
    app = jobkit.App("inline:")

    async def begin() -> weakref.ref[jobkit.Worker]:
        worker = jobkit.Worker(app)
        await worker.start()
        return weakref.ref(worker)

    ended = asyncio.run(begin())
    gc.collect()
    assert ended() is None


def test_a_loop_that_ends_without_a_stop_leaves_no_thread_that_keeps_leases() -> None:
    app = jobkit.App("inline:")
    started = threading.Event()

    @app.job(name="long")
    async def long() -> None:
        started.set()
        await asyncio.Event().wait()

    async def forgetful() -> None:
        await jobkit.Worker(app, lease=LEASE).start()
        await long.aenqueue()
        await asyncio.to_thread(started.wait, 20)

    before = set(threading.enumerate())
    asyncio.run(forgetful())
    for thread in set(threading.enumerate()) - before:
        thread.join(20)
        assert not thread.is_alive()


async def test_a_worker_stops_also_where_what_it_had_just_reserved_can_not_be_given_back(
    backend: InlineBackend, caplog: pytest.LogCaptureFixture
) -> None:
    store = _Late(backend)
    app = jobkit.App(lambda url, namespace, clock: store)

    @app.job(name="note")
    async def note() -> None: ...

    receipt = await note.aenqueue()
    worker = jobkit.Worker(app)
    await worker.start()
    await store.asked.wait()
    async with asyncio.timeout(10):
        await worker.stop()
    assert store.reserved == 1
    assert f"run out with their leases: [<note {receipt.id} attempt 1 on default>]: cut off" in caplog.text


async def test_a_job_can_see_that_it_should_stop(app: jobkit.App, recorder: Recorder) -> None:
    @app.job(name="polite")
    async def polite() -> str:
        context = jobkit.current_job()
        assert context is not None
        while not context.should_stop:
            await asyncio.sleep(0)
        return "stopped"

    worker = jobkit.Worker(app, grace=20)
    await worker.start()
    await polite.aenqueue()
    await recorder.wait(Started)
    await worker.stop()
    (ended,) = recorder.of(Ended)
    assert (ended.outcome.state, ended.outcome.value) == (Performed.SUCCEEDED, "stopped")


@pytest.mark.realtime
async def test_readiness_says_what_is_true(backend: InlineBackend, recorder: Recorder, tmp_path: Path) -> None:
    up = True

    class Flaky(InlineBackend):
        async def reserve(self, queues: object, **options: object) -> list[object]:  # type: ignore[override]
            if not up:
                raise jobkit.BackendUnavailable("down")
            return await super().reserve(queues, **options)  # type: ignore[arg-type,return-value]

    app = jobkit.App(lambda url, namespace, clock: Flaky(backend.memory, clock))

    @app.job(name="fine")
    async def fine() -> None: ...

    file = tmp_path / "ready"
    worker = jobkit.Worker(app, ready_file=file, wait=0.05)
    assert not worker.ready
    async with worker:
        await fine.aenqueue()
        await recorder.wait(Settled)
        assert worker.ready
        assert file.exists()
        up = False
        async with asyncio.timeout(20):
            while worker.ready:
                await asyncio.sleep(0.01)
        assert not file.exists()
        up = True
        await fine.aenqueue()
        await recorder.wait(Settled, 2)
        assert file.exists()
    assert not worker.ready
    assert not file.exists()


async def test_one_worker_disturbs_no_other(app: jobkit.App, recorder: Recorder) -> None:
    go_on = asyncio.Event()

    @app.job(name="wait")
    async def wait() -> None:
        await go_on.wait()

    async with jobkit.Worker(app):
        await wait.aenqueue()
        await recorder.wait(Started)
        async with jobkit.Worker(app):
            pass
        go_on.set()
        (settled,) = await recorder.wait(Settled)
    assert (settled.attempt, len(recorder.of(Started))) == (1, 1)


def test_options_that_can_not_be_meant() -> None:
    app = jobkit.App("inline:")
    for wrong in ({"concurrency": 0}, {"lease": 0}, {"grace": -1}, {"lease": float("inf")}):
        with pytest.raises(jobkit.ConfigurationError):
            jobkit.Worker(app, **wrong)
    with pytest.raises(jobkit.UnknownQueue, match="did you mean 'default'"):
        jobkit.Worker(app, queues=["defalt"])
