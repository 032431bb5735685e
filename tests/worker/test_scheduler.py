"""What recurs, under workers: real time, with ticks as close as nobody wants them."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest
from msgspec import structs

import jobkit
from jobkit.backend import Capabilities
from jobkit.backends.inline import InlineBackend
from jobkit.backends.inline.backend import CAPABILITIES
from jobkit.errors import BackendUnavailable
from jobkit.events import Enqueued, Settled
from jobkit.schedule.recurring import Recurring
from jobkit.schedule.triggers import EPOCH, Every
from jobkit.worker.scheduler import Scheduler
from tests.worker.recorder import Recorder

CLOSE = timedelta(milliseconds=20)


class Closely:
    """Closer than `Every` allows."""

    def after(self, instant: datetime) -> datetime:
        return self.until(instant) + CLOSE

    def until(self, instant: datetime) -> datetime:
        return EPOCH + (instant - EPOCH) // CLOSE * CLOSE


@pytest.mark.realtime
async def test_workers_enqueue_and_perform_what_recurs(app: jobkit.App, recorder: Recorder) -> None:
    @app.job(name="report")
    async def report() -> None: ...

    recurring = [Recurring("report", report.call(), Closely())]
    async with jobkit.Worker(app, recurring=recurring), jobkit.Worker(app, recurring=recurring):
        await recorder.wait(Settled, 5)
    ids = [settled.id for settled in recorder.of(Settled)]
    assert len(ids) == len(set(ids))
    assert ids[0].startswith("report@")


@pytest.mark.realtime
async def test_a_store_that_comes_back_goes_on(
    app: jobkit.App, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    @app.job(name="report")
    async def report() -> None: ...

    failed = asyncio.Event()
    get = InlineBackend.cell_get

    async def away_once(backend: InlineBackend, name: str) -> tuple[bytes, int] | None:
        if not failed.is_set():
            failed.set()
            raise BackendUnavailable("away")
        return await get(backend, name)

    monkeypatch.setattr(InlineBackend, "cell_get", away_once)
    async with jobkit.Worker(app, recurring=[Recurring("report", report.call(), Closely())]):
        await recorder.wait(Settled)
    assert failed.is_set()


async def test_the_same_schedule_twice_is_refused(app: jobkit.App) -> None:
    @app.job(name="report")
    async def report() -> None: ...

    same = Recurring("report", report.call(), Every(CLOSE * 100))
    with pytest.raises(jobkit.ConfigurationError, match="two schedules are named 'report'"):
        jobkit.Worker(app, recurring=[same, same])


async def test_a_backend_without_cells_is_refused_when_it_starts(backend: InlineBackend) -> None:
    class Poor(InlineBackend):
        @property
        def capabilities(self) -> Capabilities:
            return structs.replace(CAPABILITIES, cells=False)

    app = jobkit.App(lambda url, namespace, clock: Poor(backend.memory, clock))

    @app.job(name="report")
    async def report() -> None: ...

    worker = jobkit.Worker(app, recurring=[Recurring("report", report.call(), Every(CLOSE * 100))])
    with pytest.raises(jobkit.Unsupported, match="has no cells, which recurring jobs need"):
        await worker.start()


async def test_a_tick_that_is_held_by_a_key_is_left_out(app: jobkit.App, recorder: Recorder) -> None:
    @app.job(name="report", key="report")
    async def report() -> None: ...

    scheduler = Scheduler(app, [Recurring("report", report.call(), Every(timedelta(hours=1)), missed="all")])
    begin = datetime.fromisoformat("2024-01-01T00:00+00:00")
    assert await scheduler.turn(begin) == []
    receipts = await scheduler.turn(begin + timedelta(hours=2))
    assert [receipt.id for receipt in receipts] == ["report@2024-01-01T01:00:00.000+00:00"]
    statuses = [enqueued.receipt.status for enqueued in recorder.of(Enqueued)]
    assert statuses == ["accepted", "key_taken"]


@pytest.mark.realtime
async def test_what_the_app_declares_recurs_under_every_worker(app: jobkit.App, recorder: Recorder) -> None:
    @app.recurring(schedule=Closely())
    @app.job(name="report")
    async def report() -> None: ...

    async with jobkit.Worker(app), jobkit.Worker(app):
        await recorder.wait(Settled, 5)
    ids = [settled.id for settled in recorder.of(Settled)]
    assert len(ids) == len(set(ids))


async def test_a_worker_may_leave_it_to_others(app: jobkit.App, recorder: Recorder, backend: InlineBackend) -> None:
    @app.recurring(schedule=Closely())
    @app.job(name="report")
    async def report() -> None: ...

    @app.job(name="other")
    async def other() -> None: ...

    async with jobkit.Worker(app, schedules=False):
        await other.aenqueue()
        await recorder.wait(Settled)
    assert await backend.cell_get("recurring:report") is None


async def test_a_schedule_is_looked_at_when_it_is_due_and_not_before(
    app: jobkit.App, monkeypatch: pytest.MonkeyPatch
) -> None:
    @app.job(name="report")
    async def report() -> None: ...

    looked: list[str] = []
    get = InlineBackend.cell_get

    async def noting(backend: InlineBackend, name: str) -> tuple[bytes, int] | None:
        looked.append(name)
        return await get(backend, name)

    monkeypatch.setattr(InlineBackend, "cell_get", noting)
    app.recurring(report.call(), every=3600, name="hourly")
    app.recurring(report.call(), every=60, name="minutely")
    scheduler = Scheduler(app, ())
    begin = datetime.fromisoformat("2024-01-01T00:00+00:00")
    await scheduler.turn(begin)
    looked.clear()
    await scheduler.turn(begin + timedelta(seconds=59))
    assert looked == []
    await scheduler.turn(begin + timedelta(seconds=60))
    assert set(looked) == {"recurring:minutely"}
