"""W, leases: a job is performed as long as its worker lives, and by another when it does not."""

from __future__ import annotations

import asyncio
import time

from jobkit import events
from jobkit.backend import Done, Settled
from jobkit.execute.context import JobContext
from jobkit_conformance.checks.registry import check
from jobkit_conformance.env import HOUR, Env
from jobkit_conformance.workers.faulty_backend import FaultControls
from jobkit_conformance.workers.worker_env import WorkerPool, crew, in_real_time, running_job


@check("W1")
@in_real_time
async def a_worker_that_is_lost_strands_nothing(env: Env, lease: float) -> None:
    async with crew(env) as all:
        ends: list[str] = []

        @all.app.job(name="async")
        async def asynchronous() -> None:
            ends.append(all.begin().id)

        @all.app.job(name="thread")
        def threaded() -> None:
            ends.append(all.begin().id)

        ids: list[str] = []
        for job in (asynchronous, threaded):
            for call in (1, 2, 3):
                for replies in (False, True):
                    queue = f"{job.name}, lost with call {call}{', done' if replies else ''}"
                    all.app.queue(queue)
                    ids.append(await all.enqueue(job, queue=queue))
                    ties = FaultControls(kill_at_call=call, replies=replies)
                    await all.start_worker(ties, queues=[queue], lease=lease, wait=0.05)
        await all.start_worker(lease=lease, wait=0.05)
        await all.ended(*ids)
        env.check(set(ids) <= set(ends), "a job has ended that was never performed to its end")


async def _starts_once(env: Env, all: WorkerPool, job: str, lease: float) -> None:
    await all.until(lambda: all.starts_of(job) > 0, f"the {job} job starts")
    await all.start_worker(lease=lease, wait=0.05)
    id = all.starts[0].id

    async def over() -> bool:
        return all.starts_of(job) > 1 or await all.has_ended(id)

    await all.until(over, f"the {job} job ends")
    env.expect(all.starts_of(job), 1, f"starts of a job of four leases, {job}, with another worker beside it")


@check("W2")
@in_real_time
async def a_lease_follows_an_asynchronous_job(env: Env, lease: float) -> None:
    async with crew(env) as all:

        @all.app.job(name="asynchronous")
        async def job() -> None:
            all.begin()
            await asyncio.sleep(4 * lease)

        await all.enqueue(job)
        await all.start_worker(lease=lease, wait=0.05)
        await _starts_once(env, all, "asynchronous", lease)


@check("W2")
@in_real_time
async def a_lease_follows_a_thread(env: Env, lease: float) -> None:
    async with crew(env) as all:

        @all.app.job(name="threaded")
        def job() -> None:
            all.begin()
            time.sleep(4 * lease)

        await all.enqueue(job)
        await all.start_worker(lease=lease, wait=0.05)
        await _starts_once(env, all, "threaded", lease)


@check("W2")
@in_real_time
async def a_lease_follows_a_job_that_blocks_the_loop(env: Env, lease: float) -> None:
    async with crew(env) as all:

        @all.app.job(name="blocking")
        async def job() -> None:
            all.begin()
            time.sleep(4 * lease)  # noqa: ASYNC251  (as careless jobs do)

        await all.enqueue(job)
        await all.start_worker(lease=lease, wait=0.05)
        await _starts_once(env, all, "blocking", lease)


@check("W3")
@in_real_time
async def a_lost_lease_is_reported_and_the_job_is_told(env: Env, lease: float) -> None:
    informed: list[JobContext] = []
    reported: list[str] = []

    def observe(event: events.AnyEvent) -> None:
        if isinstance(event, events.LeaseLost):
            reported.append(event.id)

    stop = events.observe(observe)
    try:
        async with crew(env) as all:

            @all.app.job(name="long")
            async def long() -> None:
                context = running_job()
                informed.append(context)
                all.begin()
                try:
                    await asyncio.Event().wait()
                finally:
                    all.env.trace.noted("job", f"{context.id} ends")

            id = await all.enqueue(long)
            hand = await all.start_worker(lease=lease, wait=0.05, concurrency=1)
            await all.until(lambda: bool(informed), "the job starts")
            hand.ties.cut = frozenset({"extend"})
            held = await _taken_over(env, all, id)
            hand.ties.cut = frozenset()
            await all.until(
                lambda: informed[0].lease_lost and informed[0].should_stop, "the job is told that its lease is lost"
            )
            await all.until(lambda: id in reported, "the loss of the lease is reported")
            env.expect(await all.client.settle([Done(held)]), [Settled()], "settle by the one who holds the job now")
    finally:
        stop()


async def _taken_over(env: Env, all: WorkerPool, id: str) -> str:
    """The token of another client that is granted a job as soon as its lease ends."""
    tokens: list[str] = []

    async def granted() -> bool:
        found = await all.client.backend.reserve(["default"], limit=1, lease=HOUR)
        tokens.extend(delivery.token for delivery in found if delivery.message.id == id)
        return bool(tokens)

    await all.until(granted, "another client is granted the job")
    env.trace.noted("c1", f"is granted {id}")
    return tokens[0]
