"""Where a job runs, and what it runs through."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from typing import Any

import pytest

import jobkit
from jobkit.backend import Delivery
from jobkit.enqueue.context import EnqueueContext
from jobkit.errors import Skip
from jobkit.execute.context import JobContext
from jobkit.execute.outcome import Outcome, Performed
from jobkit.execute.perform import context_of, perform
from jobkit.retry import Retry
from tests.core.performing import job_of, raising
from tests.core.stored_jobs import Shelf


async def test_every_job_starts_in_a_fresh_context(app: jobkit.App) -> None:
    tenant: contextvars.ContextVar[str] = contextvars.ContextVar("tenant", default="nobody")
    seen: list[str] = []

    def look() -> None:
        seen.append(tenant.get())
        tenant.set("the job's own")

    tenant.set("the caller's")
    for shape in ("asynchronous", "plain", "asynchronous"):
        await job_of(app, shape, look).aperform()
    assert seen == ["nobody"] * 3
    assert tenant.get() == "the caller's"


async def test_asynchronous_jobs_run_on_the_loop_and_plain_ones_in_a_thread(app: jobkit.App) -> None:
    here = threading.current_thread()
    seen = [
        (await job_of(app, shape, threading.current_thread).aperform()).value for shape in ("asynchronous", "plain")
    ]
    assert seen[0] is here
    assert seen[1] is not here


# Middlewares.


def logging_to(log: list[str], name: str) -> Callable[[JobContext], Generator[None, Any, None]]:
    def around(context: JobContext) -> Generator[None, Any, None]:
        log.append(f"{name} in {context.job}")
        try:
            value = yield
        except Exception as error:
            log.append(f"{name} {type(error).__name__}")
            raise
        log.append(f"{name} out {value}")

    return around


@pytest.mark.parametrize("shape", ["asynchronous", "plain"])
async def test_the_apps_middlewares_are_around_the_queues(shape: str) -> None:
    log: list[str] = []
    app = jobkit.App("inline:", perform=[logging_to(log, "app")])

    def run() -> int:
        log.append("run")
        return 42

    app.queue("mail", perform=[logging_to(log, "mail")])
    outcome = await job_of(app, shape, run, queue="mail").aperform()
    assert outcome.value == 42
    steps = ["app in", "mail in", "run", "mail out", "app out"]
    assert [" ".join(each.split()[:2]) for each in log] == steps


@pytest.mark.parametrize("shape", ["asynchronous", "plain"])
async def test_an_error_travels_through_and_counts(shape: str) -> None:
    log: list[str] = []
    app = jobkit.App("inline:", perform=[logging_to(log, "app")])
    outcome = await job_of(app, shape, raising(KeyError("x")), discard=KeyError).aperform()
    assert log[1:] == ["app KeyError"]
    assert outcome.state is Performed.DISCARDED


@pytest.mark.parametrize("shape", ["asynchronous", "plain"])
async def test_skip_ends_it_without_a_start(shape: str) -> None:
    def closed(_: JobContext) -> None:
        raise Skip("closed on Sundays")

    started: list[int] = []
    app = jobkit.App("inline:", perform=[closed])
    outcome = await job_of(app, shape, lambda: started.append(1)).aperform()
    assert outcome == Outcome(state=Performed.SKIPPED, reason="closed on Sundays")
    assert not started


async def test_plain_middlewares_next_to_a_plain_job_share_its_thread_and_context() -> None:
    seen: list[tuple[str, threading.Thread, str]] = []
    tenant: contextvars.ContextVar[str] = contextvars.ContextVar("tenant", default="nobody")

    def note(name: str) -> None:
        seen.append((name, threading.current_thread(), tenant.get()))

    async def outer(_: JobContext) -> AsyncGenerator[None]:
        note("outer")
        tenant.set("acme")
        yield

    def inner(_: JobContext) -> Generator[None]:
        note("inner")
        yield
        note("inner again")

    app = jobkit.App("inline:", perform=[outer, inner])
    await job_of(app, "plain", lambda: note("job")).aperform()
    names, threads, tenants = zip(*seen, strict=True)
    assert names == ("outer", "inner", "job", "inner again")
    assert threads[0] is threading.current_thread()
    assert len(set(threads[1:])) == 1 and threads[1] is not threads[0]  # noqa: PT018 - one thread, another one
    assert tenants == ("nobody", "acme", "acme", "acme")


async def test_without_an_asynchronous_one_around_all_of_them_do() -> None:
    threads: list[threading.Thread] = []

    def around(_: JobContext) -> None:
        threads.append(threading.current_thread())

    app = jobkit.App("inline:", perform=[around, around])
    threads.append((await job_of(app, "plain", threading.current_thread).aperform()).value)
    assert len(threads) == 3
    assert len(set(threads)) == 1
    assert threads[0] is not threading.current_thread()


async def test_a_middleware_that_fails_on_the_way_in_fails_thejob_of(app: jobkit.App) -> None:
    def broken(_: JobContext) -> None:
        raise OSError("no database")

    app.queue("mail", perform=[broken])
    outcome = await job_of(app, "asynchronous", lambda: 1, queue="mail", retry=Retry(on=OSError, wait=3)).aperform()
    assert (outcome.state, outcome.retry_in) == (Performed.RETRYING, 3.0)


async def test_what_a_middleware_around_enqueuing_adds_the_job_finds(app: jobkit.App, shelf: Shelf) -> None:
    def stamp(outgoing: EnqueueContext) -> None:
        outgoing.metadata["trace"] = "7"

    app.queue("mail", enqueue=[stamp])

    @app.job(name="shop.send", queue="mail")
    def send() -> Mapping[str, str]:
        context = jobkit.current_job()
        return context.metadata if context else {}

    receipt = await send.aenqueue()
    given = Delivery(shelf[receipt.id].message, 1, 1, "t", 0)
    assert (await perform(given, context_of(given), app)).value == {"trace": "7"}
