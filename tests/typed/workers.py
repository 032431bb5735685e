"""Workers, clocks, retries and what is observed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import assert_type

import jobkit
from jobkit import events
from jobkit.backend import CancelOutcome
from jobkit.clock import Clock, ManualClock, SystemClock

app = jobkit.App("redis://localhost", namespace="shop", prefix="shop:")


async def beside_a_web_app() -> None:
    async with jobkit.Worker(
        app, queues=["mail"], concurrency=10, lease=30, grace=25, ready_file=Path("ready")
    ) as worker:
        assert_type(worker, jobkit.Worker)
        assert_type(worker.ready, bool)


def wait(attempt: int, error: BaseException) -> timedelta:
    return timedelta(seconds=attempt)


jobkit.Retry(attempts=3, wait=5)
jobkit.Retry(wait=timedelta(minutes=1), on=(OSError, TimeoutError))
jobkit.Retry(wait=jobkit.exponential(first=1, cap=60), on=OSError)
jobkit.Retry(wait=jobkit.polynomial(power=2))
jobkit.Retry(wait=wait)
jobkit.Retry(wait="soon")  # type: ignore[arg-type]
jobkit.Retry(on="OSError")  # type: ignore[arg-type]

clocks: list[Clock] = [SystemClock(), ManualClock()]


def observer(event: events.AnyEvent) -> None:
    match event:
        case events.Enqueued():
            assert_type(event.receipt, jobkit.Receipt)
        case events.Ended():
            assert_type(event.outcome, jobkit.Outcome)
        case events.CancelAccepted():
            assert_type(event.outcome, CancelOutcome)
        case events.EnqueueCreated() | events.Deferred():
            assert_type(event.calls, list[jobkit.Call])
        case _:
            assert_type(event.id, str)


end = events.observe(observer)
end()


async def cancel(receipt: jobkit.Receipt) -> None:
    assert_type(await app.acancel(receipt), CancelOutcome)
    assert_type(await app.acancel(receipt.id), CancelOutcome)
    await app.aclose()
