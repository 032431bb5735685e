"""W, limits: a job that runs for too long has failed, whether it ends or not."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from functools import partial
from typing import Final

from jobkit.backend import Stored
from jobkit.errors import TimeLimit
from jobkit.lifecycle import State
from jobkit.retry import Retry
from jobkit_conformance.checks.registry import check
from jobkit_conformance.env import Env, words_of
from jobkit_conformance.workers.faulty_backend import FaultControls
from jobkit_conformance.workers.worker_env import WorkerPool, crew, in_real_time

LIMIT: Final = 0.1
"""Seconds."""
AGAIN: Final = Retry(attempts=8, wait=0)


async def _fails_once(all: WorkerPool, ties: FaultControls, what: str) -> None:
    """The first attempt is settled as failed, and the last as done; on a busy machine there may be more."""

    def is_clear() -> bool:
        return "done" in _settled(ties) or len(ties.settlements) == AGAIN.attempts

    await all.until(is_clear, f"{what} is settled, and ends well when it does not hang")
    first, *others = _settled(ties)
    all.env.expect(first, "retry_at", f"how the first attempt of {what} was settled")
    all.env.expect(others[-1:], ["done"], f"how the last attempt of {what} was settled, which did not hang")
    attempts = [start.attempt for start in all.starts]
    all.env.expect(attempts, list(range(1, len(attempts) + 1)), "the attempts in which it started")


def _settled(ties: FaultControls) -> list[str]:
    return words_of([settlement for settlement, _ in ties.settlements])


@check("W13")
async def an_asynchronous_job_is_interrupted(env: Env) -> None:
    async with crew(env) as all:
        ends: list[str] = []

        @all.app.job(name="hanging", limit=LIMIT, retry=AGAIN)
        async def hanging() -> None:
            if all.begin().attempt > 1:
                return
            try:
                await asyncio.Event().wait()
            finally:
                ends.append("interrupted")

        ties = FaultControls()
        await all.enqueue(hanging)
        await all.start_worker(ties, wait=0.05)
        await _fails_once(all, ties, "a job that hangs")
        env.expect(ends, ["interrupted"], "what became of the attempt that hung")


@check("W13")
async def a_thread_is_not_waited_for(env: Env) -> None:
    async with crew(env) as all:

        @all.app.job(name="hanging", limit=LIMIT, retry=AGAIN)
        def hanging() -> None:
            if all.begin().attempt == 1:
                all.over.wait(60)

        ties = FaultControls()
        await all.enqueue(hanging)
        await all.start_worker(ties, wait=0.05, concurrency=2)
        await _fails_once(all, ties, "a job whose thread hangs")


@check("W13")
async def a_job_that_will_not_be_interrupted_has_failed_all_the_same(env: Env) -> None:
    async with crew(env) as all:

        @all.app.job(name="stubborn", limit=LIMIT, retry=AGAIN)
        async def stubborn() -> None:
            if all.begin().attempt == 1:
                await _ignoring_cancels(all.over)

        ties = FaultControls()
        await all.enqueue(stubborn)
        await all.start_worker(ties, wait=0.05, concurrency=2)
        await _fails_once(all, ties, "a job that goes on when it is cancelled")


@check("W13")
async def what_ends_too_late_has_failed(env: Env) -> None:
    async with crew(env) as all:

        @all.app.job(name="blocking", limit=LIMIT, retry=AGAIN)
        async def blocking() -> None:
            if all.begin().attempt == 1:
                time.sleep(3 * LIMIT)  # noqa: ASYNC251  (as careless jobs do)

        ties = FaultControls()
        await all.enqueue(blocking)
        await all.start_worker(ties, wait=0.05)
        await _fails_once(all, ties, "a job that blocks the loop beyond its limit and returns")


@check("W13")
async def what_ends_in_time_has_not(env: Env) -> None:
    async with crew(env) as all:

        @all.app.job(name="async", limit=60)
        async def asynchronous() -> None:
            all.begin()
            await asyncio.sleep(LIMIT)

        @all.app.job(name="thread", limit=60)
        def threaded() -> None:
            all.begin()
            time.sleep(LIMIT)

        ties = FaultControls()
        await all.enqueue(asynchronous)
        await all.enqueue(threaded)
        await all.start_worker(ties, wait=0.05)
        await all.until(lambda: len(ties.settlements) >= 2, "two jobs within their limit are settled")
        env.expect(_settled(ties), ["done", "done"], "how they were settled")


@check("W13", "dead_letters", "inspect")
async def its_rules_say_what_follows(env: Env) -> None:
    async with crew(env) as all:

        async def hang() -> None:
            all.begin()
            await asyncio.Event().wait()

        last = await all.enqueue(all.app.job(name="last", limit=LIMIT, retry=Retry(attempts=2, wait=0))(hang))
        other = Retry(attempts=5, wait=0, on=ConnectionError)
        dead = await all.enqueue(all.app.job(name="dead", limit=LIMIT, retry=other)(hang))
        gone = await all.enqueue(all.app.job(name="gone", limit=LIMIT, discard=TimeLimit)(hang))
        await all.start_worker(wait=0.05)
        for id in (last, dead):
            await all.until(partial(_is_dead, all, id), f"{id} is dead")
            env.check("limit" in ((await env.stored(all.client, id)).reason or ""), f"no reason says why {id} is dead")
        await all.ended(gone)
        counts = {job: all.starts_of(job) for job in ("last", "dead", "gone")}
        env.expect(counts, {"last": 2, "dead": 1, "gone": 1}, "starts of jobs past their limit, by their rules")


async def _ignoring_cancels(event: threading.Event) -> None:
    """Wait for it, whatever anybody says."""
    while not event.is_set():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(0.004)


async def _is_dead(all: WorkerPool, id: str) -> bool:
    (found,) = await all.client.backend.get([id])
    return isinstance(found, Stored) and found.state is State.DEAD


@check("W8")
@in_real_time
async def what_goes_on_past_its_limit_keeps_its_slot(env: Env, lease: float) -> None:
    async with crew(env) as all:
        go_on = all.signal()

        @all.app.job(name="thread", limit=LIMIT, discard=TimeLimit)
        def threaded() -> None:
            all.begin()
            go_on.wait(60)

        @all.app.job(name="async", limit=LIMIT, discard=TimeLimit)
        async def asynchronous() -> None:
            all.begin()
            await _ignoring_cancels(go_on)

        @all.app.job(name="next")
        async def after() -> None:
            all.begin()

        ties = FaultControls()
        await all.enqueue(threaded)
        await all.enqueue(asynchronous)
        await all.start_worker(ties, concurrency=2, lease=lease, wait=0.05)
        await all.until(lambda: len(ties.settlements) == 2, "both are settled at their limit")
        await all.enqueue(after)
        await asyncio.sleep(2 * lease)
        env.expect(all.starts_of("next"), 0, "starts beside two that go on past their limit, two at a time allowed")
        go_on.set()
        await all.until(lambda: all.starts_of("next") == 1, "the next job starts when they have ended")


@check("W2")
@in_real_time
async def no_lease_follows_a_job_past_its_limit(env: Env, lease: float) -> None:
    async with crew(env) as all:
        started: list[float] = []

        @all.app.job(name="blocking", limit=2 * lease)
        async def blocking() -> None:
            started.append(time.monotonic())
            if all.begin().attempt == 1:
                all.over.wait(60)

        await all.enqueue(blocking)
        await all.start_worker(lease=lease, wait=0.05)
        await all.until(lambda: bool(started), "the job starts")
        await all.start_worker(lease=lease, wait=0.05)
        await all.until(lambda: len(started) > 1, "another worker starts what blocks its own beyond its limit")
        env.check(
            started[1] - started[0] >= 2 * lease,
            f"started again after {started[1] - started[0]:.2f} s, with a limit of {2 * lease:g} s",
        )
