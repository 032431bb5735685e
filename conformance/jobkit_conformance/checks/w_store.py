"""W, on a store that is away: work resumes, nothing spins, and waits count from the failure."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from jobkit.backend import RetryAt
from jobkit.retry import Retry, exponential, polynomial
from jobkit_conformance.checks.registry import check
from jobkit_conformance.env import Env
from jobkit_conformance.workers.worker_env import LEASES, WorkerThread, crew, in_real_time, wait_for


@check("W9")
async def work_resumes_when_the_store_does(env: Env) -> None:
    async with crew(env) as all:

        @all.app.job(name="job")
        async def job() -> None:
            all.begin()

        hand = await all.start_worker(concurrency=2, wait=0.1)
        await all.until(lambda: hand.ready, "a worker that takes jobs says that it is ready")
        hand.ties.cut_off()
        await all.until(lambda: not hand.ready, "a worker that is cut off says that it is not ready")
        await all.enqueue(job)
        before = len(hand.ties.calls)
        await asyncio.sleep(0.3)
        calls = len(hand.ties.calls) - before
        env.check(calls <= 20, f"a worker that is cut off made {calls} calls in 0.3 s")
        hand.ties.cut = frozenset()
        await all.until(lambda: len(all.starts) == 1, "the job starts when the store is there again")
        await all.until(lambda: hand.ready, "the worker says that it is ready again")


@check("W9")
async def an_idle_worker_does_not_spin(env: Env) -> None:
    async with crew(env) as all:
        hand = await all.start_worker(wait=0.1)
        await all.until(lambda: hand.ready, "a worker that takes jobs says that it is ready")
        await asyncio.sleep(0.3)
        calls = len(hand.ties.calls)
        env.check(calls <= 20, f"an idle worker made {calls} calls in 0.3 s")


@check("W9", "inspect")
async def what_ended_meanwhile_is_settled_then(env: Env) -> None:
    async with crew(env) as all:
        go_on = all.signal()

        @all.app.job(name="job")
        async def job() -> None:
            all.begin()
            await wait_for(go_on)

        id = await all.enqueue(job)
        hand = await all.start_worker(wait=0.1)
        await all.until(lambda: len(all.starts) == 1, "the job starts")
        hand.ties.cut_off()
        go_on.set()
        await asyncio.sleep(0.2)
        hand.ties.cut = frozenset()
        await all.ended(id)
        env.expect(len(all.starts), 1, "starts of a job that ended while its worker was cut off")


@check("W9", "hook:kill", "hook:restart")
async def work_resumes_after_a_restart_of_the_store(env: Env) -> None:
    async with crew(env) as all:

        @all.app.job(name="job")
        async def job() -> None:
            all.begin()

        hand = await all.start_worker(wait=0.1)
        await all.until(lambda: hand.ready, "a worker that takes jobs says that it is ready")
        await env.kill()
        await all.until(lambda: not hand.ready, "a worker without a store says that it is not ready")
        await env.restart()
        await all.enqueue(job)
        await all.until(lambda: len(all.starts) == 1, "the job starts when the store is there again")


@check("W9", "inspect")
async def what_no_backend_may_raise_ends_no_part_of_a_worker(env: Env) -> None:
    async with crew(env) as all:
        hand: WorkerThread

        @all.app.job(name="job", retry=Retry(attempts=10))
        async def job() -> None:
            all.begin()
            while "extend" in hand.ties.raises_unexpected:
                await asyncio.sleep(TICK)

        hand = await all.start_worker(wait=0.1, lease=LEASES[0])
        for verb in ("settle", "reserve", "extend"):
            before = len(hand.ties.calls)
            hand.ties.raises_unexpected = frozenset({verb})
            id = await all.enqueue(job)
            await all.until(partial(_has_sent, hand, verb, before), f"a worker tries to {verb} what it has to")
            sent = len(hand.ties.calls)
            await asyncio.sleep(0.2)
            calls = len(hand.ties.calls) - sent
            env.check(calls <= 20, f"a worker made {calls} calls in 0.2 s while its {verb} raised")
            hand.ties.raises_unexpected = frozenset()
            await all.until(partial(all.has_ended, id), f"a job that {verb} had raised for ends when it raises no more")


def _has_sent(hand: WorkerThread, verb: str, since: int) -> bool:
    return any(sent == verb for sent, _ in hand.ties.calls[since:])


TICK: Final = 0.004

ATTEMPTS: Final = (1, 2, 3, 10, 100, 1024, 5000, 2**31 - 1)


@check("W10")
async def a_backoff_is_finite_and_within_its_cap(env: Env) -> None:
    waits: dict[str, tuple[Any, float]] = {
        "the default": (exponential(), 3600),
        "a steep one": (exponential(first=1e9, factor=1e300, cap=60), 60),
        "one with a factor that is whole": (exponential(first=1, factor=10, cap=7), 7),
        "a polynomial": (polynomial(power=400, plus=1e300, cap=50), 50),
        "one without jitter": (exponential(jitter=0), 3600),
    }
    for name, (wait, cap) in waits.items():
        for attempt in ATTEMPTS:
            seconds = Retry(wait=wait).seconds(attempt, ValueError(), "a seed")
            env.check(0 <= seconds <= cap, f"{name} waits {seconds} s after attempt {attempt}, with a cap of {cap}")


@check("W10")
async def a_callable_s_wait_is_finite(env: Env) -> None:
    calls: list[Callable[[int, BaseException], float]] = [
        lambda attempt, error: math.inf,
        lambda attempt, error: math.nan,
        lambda attempt, error: -1.0,
        lambda attempt, error: 1e308 * attempt,
    ]
    for wait in calls:
        for attempt in ATTEMPTS:
            seconds = Retry(wait=wait).seconds(attempt, ValueError(), "a seed")
            env.check(math.isfinite(seconds) and seconds >= 0, f"a callable's wait became {seconds} s")


@check("W10", "delay")
@in_real_time
async def a_backoff_counts_from_the_failure(env: Env, lease: float) -> None:
    async with crew(env) as all:
        failed: list[float] = []

        @all.app.job(name="job", retry=Retry(attempts=2, wait=60))
        async def job() -> None:
            all.begin()
            failed.append(time.monotonic())
            raise ValueError("x")

        await all.enqueue(job)
        hand = await all.start_worker(wait=0.1)
        hand.ties.cut = frozenset({"settle"})
        await all.until(lambda: bool(failed), "the job fails")
        await asyncio.sleep(2 * lease)
        hand.ties.cut = frozenset()
        await all.until(
            lambda: "to retry" in _last_settled(env), "the failure is settled when the store is there again"
        )
        settlement, sent = hand.ties.settlements[-1]
        after = settlement.after if isinstance(settlement, RetryAt) and settlement.after is not None else -1
        left = 60_000 - (sent - failed[0]) * 1000
        env.check(
            abs(after - left) <= lease * 1000,
            f"it retries in {after} ms, {left:.0f} ms before a minute since the failure",
        )


def _last_settled(env: Env) -> str:
    words = [getattr(step, "words", "") for step in tuple(env.trace.steps)]
    return next((word for word in reversed(words) if word.startswith("settles")), "")
