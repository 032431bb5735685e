"""Whatever ends a background task of a worker: it is started again, or the worker says that it can't go on."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import jobkit
from jobkit.backends.inline import InlineBackend
from jobkit.errors import BackendUnavailable
from jobkit.events import Settled, Started
from jobkit.worker.background_task import BackgroundTask
from jobkit.worker.health_files import HealthFiles
from tests.realtime import LEASE
from tests.worker.recorder import Recorder

PLACES = [
    "fetcher.Fetcher._reserve",
    "fetcher.Fetcher._set_ready",
    "slots.Slots.take",
    "queue_order.StrictOrder.next",
    "executor.Executor.start",
    "executor.Executor.store_is_back",
    "executor.log_outcome",
    "settler.Settler._settle_waiting",
    "leases.LeaseKeeper.track",
    "leases.LeaseKeeper._start",
    "leases.LeaseKeeper._extend_due",
    "leases.LeaseKeeper._rest",
    "leases.LeaseKeeper._keep",
    "scheduler.Scheduler.turn",
    "health_files._touch",
    "health_files._put",
]
"""Functions that a background task of a worker calls, in `jobkit.worker`."""

ERRORS = [RuntimeError("planted"), OSError(24, "Too many open files"), MemoryError(), BackendUnavailable("planted")]


def fail_once(monkeypatch: pytest.MonkeyPatch, place: str, error: Exception) -> threading.Event:
    """Let the first call of this raise an error. Return an event that says whether it was called."""
    called = threading.Event()
    target = f"jobkit.worker.{place}"
    owner, _, name = target.rpartition(".")
    original = _find(owner, name)

    def wrapper(*arguments: Any, **named: Any) -> Any:
        if not called.is_set():
            called.set()
            raise error
        return original(*arguments, **named)

    monkeypatch.setattr(target, wrapper)
    return called


def _find(owner: str, name: str) -> Callable[..., Any]:
    module, _, inner = owner.removeprefix("jobkit.worker.").partition(".")
    found: Any = __import__(f"jobkit.worker.{module}", fromlist=["_"])
    for part in (*filter(None, [inner]), name):
        found = getattr(found, part)
    return found  # type: ignore[no-any-return]


@pytest.mark.realtime
@pytest.mark.parametrize("place", PLACES)
async def test_an_error_anywhere_ends_no_worker_and_costs_no_attempt(
    app: jobkit.App, recorder: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """Each error at each place, in workers one after another; then a job of each kind is performed, once."""

    @app.job(name="plain")
    def plain() -> None: ...

    @app.job(name="async")
    async def asynchronous() -> None:
        if place.startswith("leases."):
            await asyncio.sleep(LEASE / 2)  # until its lease was extended

    app.queue("ticks")
    app.recurring(plain.using(queue="ticks").call(), name="tick", every=timedelta(days=1))
    for number, error in enumerate(ERRORS):
        with monkeypatch.context() as patch:
            struck = fail_once(patch, place, error)
            files = {"ready_file": tmp_path / "ready", "live_file": tmp_path / "live"}
            async with jobkit.Worker(app, lease=LEASE, queues=["default"], **files) as worker:  # type: ignore[arg-type]
                await plain.using(id=f"plain {number}").aenqueue()
                await asynchronous.using(id=f"async {number}").aenqueue()
                await recorder.wait(Settled, 2 * number + 2)
                async with asyncio.timeout(20):
                    while not (worker.ready and struck.is_set() and (tmp_path / "ready").exists()):
                        await asyncio.sleep(0.01)
    started = [(event.id, event.attempt) for event in recorder.of(Started)]
    assert sorted(started) == sorted((f"{kind} {number}", 1) for kind in ("plain", "async") for number in range(4))


@pytest.mark.invariant
@pytest.mark.parametrize("verb", ["reserve", "settle", "extend"])
@pytest.mark.parametrize("error", [OSError(24, "Too many open files"), MemoryError()], ids=["descriptors", "memory"])
@pytest.mark.realtime
async def test_a_client_that_the_machine_has_no_room_for_costs_no_attempt(
    backend: InlineBackend, recorder: Recorder, monkeypatch: pytest.MonkeyPatch, verb: str, error: Exception
) -> None:
    """Backends of ours say that they are unavailable; others may let such an error pass."""
    app = jobkit.App(lambda url, namespace, clock: InlineBackend(backend.memory, clock))
    original, left = getattr(InlineBackend, verb), [error, error]

    async def exhausted(*arguments: Any, **named: Any) -> Any:
        if left:
            raise left.pop()
        return await original(*arguments, **named)

    @app.job(name="long")
    async def long() -> None:
        while verb == "extend" and left:
            await asyncio.sleep(0.01)

    monkeypatch.setattr(InlineBackend, verb, exhausted)
    async with jobkit.Worker(app, lease=LEASE):
        await long.aenqueue()
        await recorder.wait(Settled)
    assert left == []
    assert [event.attempt for event in recorder.of(Started)] == [1]


async def test_what_ends_by_an_error_is_started_again(caplog: pytest.LogCaptureFixture) -> None:
    times, again, ended = list[int](), asyncio.Event(), list[str]()

    async def body() -> None:
        times.append(len(times))
        if len(times) < 2:
            raise ValueError(f"number {len(times)}")
        again.set()
        await asyncio.Event().wait()

    task = BackgroundTask("feed", body, ended.append)
    async with asyncio.timeout(20):
        await again.wait()
    assert caplog.text.count("the worker's task feed ended by an error, and is started again") == 1
    assert "ValueError: number 1" in caplog.text
    task.cancel()
    await task.wait()
    assert (task.done, ended) == (True, [])


async def test_who_returns_or_is_cancelled_by_others_has_ended_for_good() -> None:
    ended = list[str]()

    async def returns() -> None: ...

    await BackgroundTask("feed", returns, ended.append).wait()
    waits = BackgroundTask("settler", asyncio.Event().wait, ended.append)  # type: ignore[arg-type]
    await asyncio.sleep(0)
    for each in asyncio.all_tasks():
        if each.get_name() == "jobkit-settler":
            each.cancel()
    await waits.wait()
    assert ended == ["its task feed has ended", "its task settler was cancelled by other code"]


@pytest.mark.parametrize("task", ["feed", "settler", "leases"])
async def test_a_worker_whose_task_was_cancelled_says_that_it_can_not_go_on(
    app: jobkit.App, tmp_path: Path, task: str
) -> None:
    """Neither is it ready, nor does it look alive."""
    begun = asyncio.Event()

    @app.job(name="careless")
    async def careless() -> None:
        begun.set()
        for each in asyncio.all_tasks():
            if each.get_name() == f"jobkit-{task}":
                each.cancel()
        await asyncio.Event().wait()

    live, ready = tmp_path / "live", tmp_path / "ready"
    worker = jobkit.Worker(app, grace=0, live_file=live, ready_file=ready)
    await careless.aenqueue()

    async def work() -> None:
        async with worker, asyncio.timeout(20):
            await begun.wait()
            await worker._until_asked_or_done()

    with pytest.raises(jobkit.WorkerFailed, match=f"can't go on: its task {task} was cancelled by other code"):
        await work()
    assert not worker.ready
    assert not ready.exists()


async def test_a_worker_whose_client_was_closed_says_that_it_can_not_go_on() -> None:
    stores: list[InlineBackend] = []

    def factory(url: str | None, namespace: str, clock: Any) -> InlineBackend:
        stores.append(InlineBackend())
        return stores[-1]

    worker = jobkit.Worker(jobkit.App(factory))

    async def work() -> None:
        async with worker, asyncio.timeout(20):
            await stores[0].close()
            await worker._until_asked_or_done()

    with pytest.raises(jobkit.WorkerFailed, match="can't go on: its task feed has ended"):
        await work()


# Files.


def test_a_path_that_never_works_is_refused_at_the_start(tmp_path: Path) -> None:
    async def begin(ready: Path | None, live: Path | None) -> None:
        HealthFiles(ready, live).begin()

    with pytest.raises(jobkit.ConfigurationError, match="^ready_file: .*/none/ready can't be written: No such file"):
        asyncio.run(begin(tmp_path / "none" / "ready", None))
    with pytest.raises(jobkit.ConfigurationError, match="^live_file: .* can't be written: Is a directory"):
        asyncio.run(begin(None, tmp_path))


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def test_a_disk_that_is_full_for_a_while_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("jobkit.worker.health_files.HEARTBEAT", 0.001)
    ready, live = tmp_path / "ready", tmp_path / "live"
    ready.write_text("of a worker that was killed\n")
    files = HealthFiles(ready, live)
    files.begin()
    assert not ready.exists()

    def full(path: Path, text: str) -> int:
        path.touch()
        raise OSError(28, "No space left on device", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", full)
        files.set_ready(ready=True)
        files.set_ready(ready=True)
        assert names(tmp_path) == [], "no empty file says that it is ready"
    async with asyncio.timeout(20):
        while not (ready.exists() and live.exists()):
            await asyncio.sleep(0)
    assert [record.message for record in caplog.records] == [
        f"{live} can't be written, and is tried again: No space left on device"
    ]
    files.end()
    assert names(tmp_path) == []
