"""A job that is told in time that it takes too long."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import jobkit
from jobkit.coders.json import JSON
from jobkit.errors import ConfigurationError, TimeLimit
from jobkit.execute.context import JobContext
from jobkit.execute.outcome import Performed
from jobkit.execute.perform import reason_of
from jobkit.jobs.limits import SoftLimited, SoftTimeLimit
from tests.core.performing import job_of, performed

SOON = 0.02
"""Seconds."""


async def softened(coroutine: Any, seconds: float = SOON) -> Any:
    return await SoftLimited(coroutine, seconds, asyncio.get_running_loop().time() + seconds)


async def hang() -> None:
    await asyncio.Event().wait()


async def answer() -> int:
    await asyncio.sleep(0)
    return 7


async def test_what_ends_in_time_is_left_alone() -> None:
    assert await softened(answer(), 60) == 7
    with pytest.raises(ZeroDivisionError):
        await softened(divide(), 60)


async def divide() -> None:
    await asyncio.sleep(0)
    raise ZeroDivisionError


async def test_a_time_limit_is_raised_where_it_waits() -> None:
    with pytest.raises(TimeLimit, match=r"^it has passed its soft limit of 0\.02 s$") as raised:
        await softened(hang())
    assert type(raised.value) is TimeLimit
    assert "await asyncio.Event().wait()" in reason_of(raised.value)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0, "nobody has cancelled this task"


@pytest.mark.realtime
async def test_it_may_be_caught_and_the_job_goes_on() -> None:
    async def clear_up() -> str:
        try:
            await hang()
        except TimeLimit:
            await asyncio.sleep(2 * SOON)  # it is raised once
            return "cleared up"
        return "never"

    assert await softened(clear_up()) == "cleared up"


async def test_what_it_waits_in_takes_it_for_a_cancellation() -> None:
    ended: list[str] = []

    async def child() -> None:
        try:
            await hang()
        except asyncio.CancelledError:
            ended.append("child")
            raise

    async def group() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(child())
            tasks.create_task(child())

    with pytest.raises(TimeLimit):
        await softened(group())
    assert ended == ["child", "child"]


async def test_what_does_not_end_when_cancelled_hears_of_it_next() -> None:
    async def deaf() -> None:
        try:
            await hang()
        except asyncio.CancelledError:
            return

    async def job() -> None:
        await asyncio.create_task(deaf())
        raise AssertionError("it went on")

    with pytest.raises(TimeLimit):
        await softened(job())


async def test_a_cancellation_from_outside_goes_before() -> None:
    task = asyncio.create_task(softened(hang(), 60))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError) as raised:
        await task
    assert not isinstance(raised.value, SoftTimeLimit)


@pytest.mark.realtime
async def test_both_at_once_is_the_cancellation() -> None:
    loop = asyncio.get_running_loop()
    caught: list[type[BaseException]] = []

    async def job() -> None:
        try:
            await hang()
        except BaseException as error:
            caught.append(type(error))
            raise

    task = asyncio.create_task(softened(job()))
    await asyncio.sleep(0)
    loop.call_at(loop.time() + SOON, task.cancel)
    time.sleep(2 * SOON)  # noqa: ASYNC251  (so that both are due in one turn of the loop)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert caught == [asyncio.CancelledError]


@pytest.mark.parametrize("inner", ["asyncio.timeout", "wait_for"])
async def test_timeouts_inside_let_it_through(inner: str) -> None:
    async def job() -> None:
        if inner == "wait_for":
            await asyncio.wait_for(hang(), 60)
        async with asyncio.timeout(60):
            await hang()

    with pytest.raises(TimeLimit, match="soft limit"):
        await softened(job())


# As a job's own.


@pytest.mark.realtime
async def test_retry_rules_say_what_follows(app: jobkit.App) -> None:
    @app.job(name="shop.long", soft_limit=SOON, limit=60, retry=jobkit.Retry(attempts=2, wait=9, on=jobkit.TimeLimit))
    async def long() -> None:
        await hang()

    first = await performed(app, long.call())
    assert (first.state, first.retry_in) == (Performed.RETRYING, 9)
    last = await performed(app, long.call(), attempt=2)
    assert last.state is Performed.DEAD
    assert (last.reason or "").startswith("jobkit.errors.TimeLimit: it has passed its soft limit of 0.02 s")


@pytest.mark.realtime
async def test_a_plain_job_asks(app: jobkit.App) -> None:
    seen: list[tuple[bool, bool]] = []

    @app.job(name="shop.long", soft_limit=SOON, limit=60)
    def long() -> None:
        job = jobkit.this_job()
        assert job.time_left is not None
        seen.append((job.past_soft_limit, job.time_left > 0))
        assert job.deadline is not None
        assert timedelta(seconds=50) < job.deadline - datetime.now(UTC) < timedelta(seconds=61)
        time.sleep(2 * SOON)
        seen.append((job.past_soft_limit, job.time_left > 0))
        assert not job.should_stop, "it is no reason to return as if it were done"
        job.checkpoint(7)

    outcome = await performed(app, long.call())
    assert seen == [(False, True), (True, False)]
    assert isinstance(outcome.error, TimeLimit), "at a checkpoint it ends"


def test_without_limits_there_is_no_time_left() -> None:
    job = JobContext(id="a", job="shop.long", queue="default", attempt=1, headers={})
    job.coder = JSON()
    assert (job.time_left, job.past_soft_limit, job.deadline) == (None, False, None)
    job.begin(time.monotonic, limit=8.64e13, soft_limit=None)
    assert job.time_left == pytest.approx(8.64e13)
    assert job.deadline is None
    job.checkpoint(1)


@pytest.mark.parametrize("stated", [0, "3", float("inf"), timedelta(0)])
def test_what_is_no_limit_is_refused(app: jobkit.App, stated: Any) -> None:
    with pytest.raises(ConfigurationError, match="^soft_limit is seconds or a timedelta, more than 0, not "):
        job_of(app, "plain", lambda: None, soft_limit=stated)


def test_it_comes_before_the_other(app: jobkit.App) -> None:
    with pytest.raises(ConfigurationError, match="soft_limit of 60 s is to come before its limit of 60 s"):
        job_of(app, "plain", lambda: None, soft_limit=60, limit=timedelta(minutes=1))
