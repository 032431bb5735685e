"""How long one attempt may take."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import Any

import pytest

import jobkit
from jobkit.errors import ConfigurationError, TimeLimit
from jobkit.execute.outcome import Performed
from jobkit.execute.perform import reason_of
from jobkit.jobs.limits import check_limit, run_with_limit
from tests.core.performing import job_of, performed

SOON = 0.02
"""Seconds."""


@pytest.mark.parametrize(
    ("stated", "seconds"), [(None, None), (3, 3.0), (0.5, 0.5), (timedelta(minutes=2), 120.0), (timedelta.max, 8.64e13)]
)
def test_a_limit_is_seconds_or_a_timedelta(stated: Any, seconds: float | None) -> None:
    assert check_limit(stated) == pytest.approx(seconds) if seconds else check_limit(stated) is None


@pytest.mark.parametrize("stated", [0, -1, True, float("nan"), float("inf"), "3", timedelta(0), timedelta(-1)])
def test_what_is_no_limit_is_refused_where_it_is_declared(app: jobkit.App, stated: Any) -> None:
    with pytest.raises(ConfigurationError, match="^limit is seconds or a timedelta, more than 0, not "):
        job_of(app, "plain", lambda: None, limit=stated)


async def test_what_ends_in_time_is_left_alone() -> None:
    async def answer() -> int:
        await asyncio.sleep(0)
        return 7

    assert await run_with_limit(None, answer) == 7
    assert await run_with_limit(60, answer) == 7


async def test_an_error_in_time_is_its_own() -> None:
    error = TimeoutError("of its own")

    async def fail() -> None:
        raise error

    with pytest.raises(TimeoutError) as raised:
        await run_with_limit(60, fail)
    assert raised.value is error


async def hang() -> None:
    await asyncio.Event().wait()


async def test_what_takes_longer_is_interrupted_and_says_where() -> None:
    with pytest.raises(TimeLimit, match=r"^it ran for longer than its limit of 0\.02 s$") as raised:
        await run_with_limit(SOON, hang)
    assert raised.value.__cause__ is None
    assert "await asyncio.Event().wait()" in reason_of(raised.value)


async def test_what_it_raised_when_interrupted_is_the_cause() -> None:
    async def stumble() -> None:
        try:
            await hang()
        finally:
            raise LookupError("while clearing up")

    with pytest.raises(TimeLimit) as raised:
        await run_with_limit(SOON, stumble)
    assert isinstance(raised.value.__cause__, LookupError)


@pytest.mark.realtime
async def test_what_returns_too_late_has_failed() -> None:
    async def block() -> int:
        time.sleep(2 * SOON)  # noqa: ASYNC251  (what a careless job does)
        return 7

    with pytest.raises(TimeLimit):
        await run_with_limit(SOON, block)


async def test_what_answers_its_interruption_with_a_value_has_failed() -> None:
    async def shrug() -> int:
        try:
            await hang()
        except asyncio.CancelledError:
            return 7
        return 8

    with pytest.raises(TimeLimit):
        await run_with_limit(SOON, shrug)


async def test_a_cancellation_from_outside_is_no_matter_of_time() -> None:
    task = asyncio.create_task(run_with_limit(60, hang))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.realtime
@pytest.mark.parametrize("shape", ["plain", "async"])
async def test_retry_rules_say_what_follows(app: jobkit.App, shape: str) -> None:
    def block() -> None:
        time.sleep(2 * SOON)

    job = job_of(app, shape, block, limit=SOON, retry=jobkit.Retry(attempts=2, wait=9, on=jobkit.TimeLimit))
    first = await performed(app, job.call())
    assert (first.state, first.retry_in) == (Performed.RETRYING, 9)
    last = await performed(app, job.call(), attempt=2)
    assert last.state is Performed.DEAD
    assert (last.reason or "").startswith("jobkit.errors.TimeLimit: it ran for longer than its limit of 0.02 s")


@pytest.mark.realtime
async def test_a_time_limit_is_a_timeout(app: jobkit.App) -> None:
    job = job_of(app, "plain", lambda: time.sleep(2 * SOON), limit=SOON, discard=TimeoutError)
    assert (await performed(app, job.call())).state is Performed.DISCARDED


@pytest.mark.realtime
async def test_a_plain_job_is_told(app: jobkit.App) -> None:
    told: list[bool] = []

    @app.job(name="shop.long", limit=SOON)
    def long() -> None:
        context = jobkit.current_job()
        assert context is not None
        deadline = time.monotonic() + 10
        while not context.should_stop and time.monotonic() < deadline:
            time.sleep(0.001)
        told.append(context.past_limit)
        ended.set()

    loop = asyncio.get_running_loop()
    ended = _ThreadsafeEvent(loop)
    outcome = await performed(app, long.call())
    assert isinstance(outcome.error, TimeLimit)
    await ended.event.wait()
    assert told == [True]


class _ThreadsafeEvent:
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.event = asyncio.Event()
        self._loop = loop

    def set(self) -> None:
        self._loop.call_soon_threadsafe(self.event.set)
