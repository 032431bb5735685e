"""W, limits and ends: how many run, what a worker does when it stops, and whom that disturbs."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import contextmanager

from jobkit.backend import Done, Extended, Extension, Message, Release
from jobkit_conformance.checks.registry import check
from jobkit_conformance.env import HOUR, MINUTE, Env, ids_of
from jobkit_conformance.workers.faulty_backend import FaultControls
from jobkit_conformance.workers.worker_env import WorkerPool, crew, in_real_time, wait_for


@check("W7")
@in_real_time
async def nothing_starts_after_stop_and_what_runs_ends(env: Env, lease: float) -> None:
    async with crew(env) as all:
        go_on, ended = all.signal(), list[str]()

        @all.app.job(name="job")
        async def job() -> None:
            start = all.begin()
            await wait_for(go_on)
            ended.append(start.id)

        ids = [await all.enqueue(job) for _ in range(4)]
        hand = await all.start_worker(concurrency=1, lease=lease, grace=20, wait=0.05)
        await all.until(lambda: len(all.starts) == 1, "the first job starts")
        stopping = hand.stopping()
        await asyncio.sleep(3 * lease)
        env.check(not stopping.done(), "it has stopped while a job runs that is within its grace")
        found = await all.client.reserve(["default"], limit=10, lease=HOUR)
        env.expect(
            (len(found), {each.attempt for each in found}), (3, {1}), "others, granted after three leases of grace"
        )
        go_on.set()
        await stopping
        env.expect((len(all.starts), ended), (1, [all.starts[0].id]), "starts, and the jobs that ended")
        env.check(all.starts[0].id in ids, "another job started")
        env.expect(await all.client.reserve(["default"], limit=10, lease=HOUR), [], "granted after it has stopped")


@check("W7")
async def what_outlasts_the_grace_is_given_back_at_once(env: Env) -> None:
    async with crew(env) as all:

        @all.app.job(name="async")
        async def endless() -> None:
            all.begin()
            await asyncio.Event().wait()

        @all.app.job(name="thread")
        def stubborn() -> None:
            all.begin()
            all.over.wait(60)

        ids = sorted([await all.enqueue(endless), await all.enqueue(stubborn)])
        hand = await all.start_worker(lease=600, grace=0.05, wait=0.05)
        await all.until(lambda: len(all.starts) == 2, "both jobs start")
        await hand.stop()
        found = await all.client.reserve(["default"], limit=10, lease=MINUTE)
        env.expect(sorted(ids_of(found)), ids, "what is granted right after it has stopped, with leases of ten minutes")
        env.expect([each.attempt for each in found], [1, 1], "their attempts: being given back costs none")


@check("W7")
async def what_a_reserve_in_flight_brings_is_given_back(env: Env) -> None:
    async with crew(env) as all:

        @all.app.job(name="job")
        async def job() -> None:
            all.begin()

        answer = all.signal()
        ties = FaultControls(held=answer)
        hand = await all.start_worker(ties, lease=600, grace=5, wait=0.2)
        id = await all.enqueue(job)

        await all.until(lambda: _granted(env), "the store grants the job to a reserve whose answer is on its way")
        stopping = hand.stopping()
        await asyncio.sleep(0.02)
        answer.set()
        await stopping
        env.expect(all.starts, [], "what started after it was asked to stop")
        found = await all.client.reserve(["default"], limit=10, lease=MINUTE)
        env.expect([(each.message.id, each.attempt) for each in found], [(id, 1)], "what is granted right after that")


def _granted(env: Env) -> bool:
    return any("is granted" in getattr(step, "words", "") for step in tuple(env.trace.steps))


@contextmanager
def _counted(ties: FaultControls) -> Generator[None]:
    ties.running += 1
    try:
        yield
    finally:
        ties.running -= 1


@check("W8")
async def no_more_run_than_may_and_no_more_are_taken(env: Env) -> None:
    async with crew(env) as all:
        ties, most, go_on = FaultControls(), list[int](), all.signal()

        @all.app.job(name="async")
        async def asynchronous() -> None:
            all.begin()
            with _counted(ties):
                most.append(ties.running)
                await wait_for(go_on)

        @all.app.job(name="thread")
        def threaded() -> None:
            all.begin()
            with _counted(ties):
                most.append(ties.running)
                go_on.wait(60)

        for _ in range(5):
            await all.enqueue(asynchronous)
            await all.enqueue(threaded)
        await all.start_worker(ties, concurrency=3, wait=0.05)
        await all.until(lambda: ties.running >= 3, "three jobs run at once")
        await asyncio.sleep(0.1)
        found = await all.client.reserve(["default"], limit=10, lease=HOUR)
        env.expect(len(found), 7, "how many of ten are left for others while three run")
        await all.client.settle([Done(each.token) for each in found[2:]])
        go_on.set()
        await all.until(lambda: ties.running == 0, "the three end")
        env.check(max(most) <= 3, f"{max(most)} ran at once where three may")
        over = [(limit, running) for limit, running in ties.reserves if limit > 3 - running]
        env.check(not over, f"reserves with a limit of more than can start (limit, running): {over[:3]}")


@check("W8")
async def no_more_plain_functions_are_taken_than_there_are_threads(env: Env) -> None:
    async with crew(env) as all:
        ties, most, go_on = FaultControls(), list[int](), all.signal()

        @all.app.job(name="thread")
        def threaded() -> None:
            all.begin()
            with _counted(ties):
                most.append(ties.running)
                go_on.wait(60)

        for _ in range(4):
            await all.enqueue(threaded)
        await all.start_worker(ties, concurrency=3, threads=1, wait=0.05)
        await all.until(lambda: ties.running >= 1, "one job runs")
        await asyncio.sleep(0.1)
        found = await all.client.reserve(["default"], limit=10, lease=HOUR)
        env.expect(len(found), 3, "how many of four are left for others while the only thread is taken")
        await all.client.settle([Done(each.token) for each in found[1:]])
        await all.client.settle([Release(found[0].token)])
        go_on.set()
        await all.until(lambda: len(most) == 2 and ties.running == 0, "the other begins once the thread is free")
        env.check(max(most) == 1, f"{max(most)} plain functions ran at once, with one thread")
        over = [(limit, running) for limit, running in ties.reserves if limit > 1 - running]
        env.check(not over, f"reserves with a limit of more than can start (limit, running): {over[:3]}")


@check("W8", "inspect")
@in_real_time
async def a_thread_that_does_not_end_keeps_its_slot(env: Env, lease: float) -> None:
    async with crew(env) as all:
        go_on = all.signal()

        @all.app.job(name="stubborn")
        def stubborn() -> None:
            all.begin()
            go_on.wait(60)

        @all.app.job(name="next")
        async def after() -> None:
            all.begin()

        id = await all.enqueue(stubborn)
        await all.start_worker(concurrency=1, lease=lease, wait=0.05)
        await all.until(lambda: all.starts_of("stubborn") == 1, "the job starts")
        await all.client.delete([id])
        await all.enqueue(after)
        await asyncio.sleep(2 * lease)
        env.expect(
            all.starts_of("next"), 0, "starts beside a thread that lost its job and goes on, one at a time allowed"
        )
        go_on.set()
        await all.until(lambda: all.starts_of("next") == 1, "the next job starts when the thread has ended")


@check("W12")
@in_real_time
async def who_comes_and_goes_disturbs_nobody(env: Env, lease: float) -> None:
    async with crew(env) as all:
        go_on, ends = all.signal(), list[int]()

        @all.app.job(name="long")
        async def long() -> None:
            start = all.begin()
            await wait_for(go_on)
            ends.append(start.attempt)

        await all.enqueue(long)
        await all.start_worker(lease=lease, wait=0.05)
        await all.until(lambda: all.starts_of("long") == 1, "the job starts")
        held = await _hold_another(all)
        for _ in range(3):
            other = await all.start_worker(lease=lease, wait=0.05)
            await asyncio.sleep(lease / 2)
            await other.stop()
        lost = await all.start_worker(lease=lease, wait=0.05)
        lost.kill()
        await asyncio.sleep(2 * lease)
        env.expect(all.starts_of("long"), 1, "starts of a job while other workers come and go")
        (extended,) = await all.client.extend([Extension(held, HOUR)])
        env.check(isinstance(extended, Extended), f"extend of another's lease after that answered {extended}")
        go_on.set()
        await all.until(lambda: ends == [1], "the job ends in its first attempt")


async def _hold_another(all: WorkerPool) -> str:
    """The lease of somebody else, on another queue."""
    await all.env.enqueue_ok(all.client, Message("another", "elsewhere", b""))
    (held,) = await all.env.reserve_ok(all.client, "another", queue="elsewhere", lease=HOUR)
    return held.token
