"""Perform one delivery, and say what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

import jobkit
from jobkit.execute.context import JobContext
from jobkit.execute.outcome import Outcome, Performed
from jobkit.execute.perform import REASON_LENGTH, context_of, error_summary, outcome_of_error, perform, reason_of
from jobkit.retry import Retry, rules
from tests.core.performing import delivery, job_of, performed, raising

# Endings.


@pytest.mark.parametrize("shape", ["asynchronous", "plain"])
async def test_what_it_returns_is_the_value(app: jobkit.App, shape: str) -> None:
    assert (await performed(app, job_of(app, shape, lambda: 42).call())) == Outcome(state=Performed.SUCCEEDED, value=42)


ERRORS = [
    ValueError("bad"),
    KeyboardInterrupt(),
    SystemExit(3),
    GeneratorExit(),
    asyncio.CancelledError(),
    TimeoutError(),
    BaseExceptionGroup("several", [KeyboardInterrupt(), ValueError()]),
    type("Own", (BaseException,), {})(),
]


@pytest.mark.parametrize("shape", ["asynchronous", "plain"])
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
async def test_no_exception_class_leaves_a_delivery(app: jobkit.App, shape: str, error: BaseException) -> None:
    outcome = await performed(app, job_of(app, shape, raising(error)).call())
    assert (outcome.state, outcome.error) == (Performed.DEAD, error)
    assert outcome.reason is not None
    assert type(error).__name__ in outcome.reason


@pytest.mark.parametrize("shape", ["asynchronous", "plain"])
async def test_stop_iteration_is_what_python_makes_of_it(app: jobkit.App, shape: str) -> None:
    job = job_of(app, shape, lambda: next(iter([])), retry=Retry(on=StopIteration))
    outcome = await performed(app, job.call())
    assert (outcome.state, type(outcome.error)) == (Performed.RETRYING, RuntimeError)


class Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


async def test_an_exception_that_can_not_be_printed_has_a_reason(app: jobkit.App) -> None:
    outcome = await performed(app, job_of(app, "plain", raising(Unprintable())).call())
    assert outcome.reason is not None
    assert outcome.reason.splitlines()[0].endswith("Unprintable: <exception str() failed>")


async def test_a_reason_leads_to_the_line_without_frames_of_jobkits_own(app: jobkit.App) -> None:
    outcome = await performed(app, job_of(app, "asynchronous", raising(ValueError("bad"))).call())
    first, *frames = (outcome.reason or "").splitlines()
    assert first == "ValueError: bad"
    assert "raise error" in frames[-1]
    assert not any("jobkit/execute/perform.py" in frame or "jobkit/jobs/middleware.py" in frame for frame in frames)


def test_a_reason_is_of_bounded_length() -> None:
    assert len(reason_of(ValueError("x" * 100_000))) == REASON_LENGTH


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("bad"), "ValueError: bad"),
        (ValueError(), "ValueError"),
        (ValueError("two\nlines"), "ValueError: two\nlines"),
        (ValueError("\ud800"), "ValueError: \ud800"),
    ],
)
def test_a_headline_is_as_python_prints_it(error: Exception, line: str) -> None:
    assert error_summary(error) == line


async def test_discard_ends_quietly(app: jobkit.App) -> None:
    error = KeyError("gone")
    outcome = await performed(app, job_of(app, "plain", raising(error), discard=LookupError).call())
    assert outcome == Outcome(state=Performed.DISCARDED, error=error, reason="KeyError: 'gone'")


async def test_discard_comes_before_any_retry(app: jobkit.App) -> None:
    job = job_of(app, "plain", raising(KeyError()), discard=KeyError, retry=Retry(on=LookupError))
    assert (await performed(app, job.call())).state is Performed.DISCARDED


async def test_a_rule_that_matches_says_when_to_try_again(app: jobkit.App) -> None:
    job = job_of(
        app, "plain", raising(OSError()), retry=[Retry(on=KeyError, wait=1), Retry(on=OSError, wait=7, attempts=3)]
    )
    outcomes = [await performed(app, job.call(), attempt=attempt) for attempt in (1, 2, 3)]
    assert [(outcome.state, outcome.retry_in) for outcome in outcomes] == [
        (Performed.RETRYING, 7.0),
        (Performed.RETRYING, 7.0),
        (Performed.DEAD, None),
    ]


async def test_without_a_rule_an_exception_is_death_at_once(app: jobkit.App) -> None:
    assert (await performed(app, job_of(app, "plain", raising(OSError())).call())).state is Performed.DEAD


def test_the_same_attempt_of_the_same_job_waits_the_same_time_again() -> None:
    context = JobContext(id="abc", job="shop.job", queue="mail", attempt=2, headers={})
    one, other = (outcome_of_error(rules(Retry(), None), context, OSError()) for _ in range(2))
    assert one.retry_in == other.retry_in is not None


async def test_a_wait_that_raises_is_death_with_both_errors(app: jobkit.App) -> None:
    job = job_of(app, "plain", raising(OSError("disk")), retry=Retry(wait=lambda attempt, error: 1 / 0))
    outcome = await performed(app, job.call())
    assert outcome.state is Performed.DEAD
    assert outcome.reason is not None
    assert outcome.reason.startswith("the retry's wait raised ZeroDivisionError: division by zero\nafter OSError: disk")


@pytest.mark.parametrize(("retry", "limit"), [(None, 5), (Retry(attempts=2), 2)])
async def test_a_delivery_beyond_the_limit_is_dead_without_a_start(
    app: jobkit.App, retry: Retry | None, limit: int
) -> None:
    started: list[int] = []
    job = job_of(app, "plain", lambda: started.append(1), retry=retry)
    assert (await performed(app, job.call(), attempt=limit)).state is Performed.SUCCEEDED
    outcome = await performed(app, job.call(), attempt=limit + 1)
    assert (outcome.state, len(started)) == (Performed.DEAD, 1)
    assert f"attempt {limit + 1} of at most {limit}" in str(outcome.reason)


async def test_a_plain_function_that_returns_a_coroutine_should_have_been_async(app: jobkit.App) -> None:
    async def later() -> None: ...

    def forgetful() -> Coroutine[Any, Any, None]:
        return later()

    outcome = await performed(app, app.job(name="shop.job")(forgetful).call())
    assert str(outcome.error).startswith("shop.job is declared as a plain function and returned a coroutine")


# Being stopped.


async def test_a_cancellation_from_outside_is_an_interruption(app: jobkit.App) -> None:
    begun = asyncio.Event()

    @app.job(name="shop.job")
    async def job() -> None:
        begun.set()
        await asyncio.Event().wait()

    given = delivery(app, job.call())
    task = asyncio.create_task(perform(given, context_of(given), app))
    await begun.wait()
    task.cancel()
    assert (await task).state is Performed.INTERRUPTED


async def test_a_cancelled_future_of_its_own_is_the_jobs_failure(app: jobkit.App) -> None:
    @app.job(name="shop.job", retry=Retry(on=asyncio.CancelledError))
    async def job() -> None:
        own: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        own.cancel()
        await own

    assert (await performed(app, job.call())).state is Performed.RETRYING


async def test_a_job_that_should_stop_and_does_is_interrupted(app: jobkit.App) -> None:
    @app.job(name="shop.job")
    async def job() -> None:
        context = jobkit.current_job()
        assert context is not None
        context.stopping = True
        raise asyncio.CancelledError

    assert (await performed(app, job.call())).state is Performed.INTERRUPTED
