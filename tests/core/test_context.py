"""What the running job sees of itself."""

from __future__ import annotations

from contextvars import copy_context

import pytest

import jobkit
from jobkit.enqueue.context import EnqueueContext
from jobkit.execute.context import JobContext, current_job, enter


@pytest.fixture
def context() -> JobContext:
    return JobContext(id="abc", job="shop.send", queue="mail", attempt=2, headers={})


@pytest.mark.parametrize("reason", ["cancelled", "lease_lost", "past_limit", "stopping"])
def test_a_job_should_stop_for_any_of_four_reasons(context: JobContext, reason: str) -> None:
    assert not context.should_stop
    setattr(context, reason, True)
    assert context.should_stop


def test_it_says_which_job_it_is(context: JobContext) -> None:
    assert repr(context) == "<shop.send abc attempt 2 on mail>"


def test_outside_of_jobs_there_is_none() -> None:
    assert current_job() is None
    with pytest.raises(RuntimeError, match="no job runs here"):
        jobkit.this_job()


def test_from_entering_on_it_is_the_current_one(context: JobContext) -> None:
    inside = copy_context()
    inside.run(enter, context)
    assert inside.run(current_job) is context
    assert inside.run(jobkit.this_job) is context
    assert current_job() is None, "and nowhere else"


async def test_the_function_and_what_it_calls_see_it(app: jobkit.App) -> None:
    def stamp(outgoing: EnqueueContext) -> None:
        outgoing.metadata["trace"] = "7"

    app.queue("mail", enqueue=[stamp])
    seen: list[JobContext | None] = []

    @app.job(name="shop.send", queue="mail")
    async def send() -> None:
        seen.append(jobkit.current_job())

    @app.job(name="shop.resize", queue="mail")
    def resize() -> None:
        seen.append(jobkit.current_job())

    await send.aperform()
    await resize.aperform()
    assert [repr(each).partition(" ")[0] for each in seen] == ["<shop.send", "<shop.resize"]
    assert [each.attempt for each in seen if each] == [1, 1]
    assert current_job() is None
