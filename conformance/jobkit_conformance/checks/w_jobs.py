"""W, jobs: what comes of them, good and bad."""

from __future__ import annotations

import asyncio
import threading
from functools import partial
from typing import Any, Final

from jobkit.backend import Message, Stored
from jobkit.lifecycle import State
from jobkit.retry import Retry
from jobkit_conformance.checks.registry import check
from jobkit_conformance.env import Env
from jobkit_conformance.history.recording import RecordingBackend
from jobkit_conformance.workers.worker_env import WorkerPool, WorkerThread, crew


async def _is_dead(client: RecordingBackend, id: str) -> bool:
    (found,) = await client.backend.get([id])
    return isinstance(found, Stored) and found.state is State.DEAD


async def _is_over(client: RecordingBackend, id: str) -> bool:
    """Whether a job is dead or gone."""
    (found,) = await client.backend.get([id])
    return not isinstance(found, Stored) or found.state is State.DEAD


async def _lost(all: WorkerPool, times: int) -> None:
    """Let deliveries end with whoever had them."""
    left = times

    async def granted() -> bool:
        nonlocal left
        left -= len(await all.client.backend.reserve(["default"], limit=1, lease=30))
        return left <= 0

    await all.until(granted, "the job is granted to one after another who is lost")
    await asyncio.sleep(0.04)


@check("W4")
async def a_delivery_beyond_the_limit_is_dead_without_a_start(env: Env) -> None:
    async with crew(env) as all:

        @all.app.job(name="job", retry=Retry(attempts=2))
        async def job() -> None:
            all.begin()

        id = await all.enqueue(job)
        await _lost(all, 2)
        await all.start_worker(wait=0.05)
        what = "a job that was lost as often as it may start is dead"
        await all.until(lambda: bool(all.starts) or _is_dead(all.client, id), what)
        env.expect(all.starts, [], "starts of a job that was lost as often as it may start")
        env.check((await env.stored(all.client, id)).reason, "it is dead without a reason")


@check("W4")
async def crashes_and_errors_are_counted_together(env: Env) -> None:
    async with crew(env) as all:

        @all.app.job(name="job", retry=Retry(attempts=3, wait=0))
        async def job() -> None:
            all.begin()
            raise ValueError("as ever")

        id = await all.enqueue(job)
        await _lost(all, 1)
        await all.start_worker(wait=0.05)
        await all.until(lambda: _is_dead(all.client, id), "a job that always fails is dead")
        attempts = [start.attempt for start in all.starts]
        env.expect(attempts, [2, 3], "the attempts in which it started, after one that was lost, with three allowed")


@check("W4")
async def every_start_counts(env: Env) -> None:
    async with crew(env) as all:

        @all.app.job(name="async", retry=Retry(attempts=4, wait=0))
        async def asynchronous() -> None:
            all.begin()
            raise ValueError("as ever")

        @all.app.job(name="thread", retry=Retry(attempts=4, wait=0))
        def threaded() -> None:
            all.begin()
            raise ValueError("as ever")

        ids = [await all.enqueue(asynchronous), await all.enqueue(threaded)]
        await all.start_worker(wait=0.05)
        for id in ids:
            await all.until(partial(_is_dead, all.client, id), "a job that always fails is dead")
        env.expect((all.starts_of("async"), all.starts_of("thread")), (4, 4), "starts of two jobs with four attempts")


class _Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")

    __repr__ = __str__


class _NeedsArguments(Exception):
    def __init__(self, one: object, *, two: object) -> None:
        super().__init__(one, two)


_BAD: Final[dict[str, tuple[bytes, dict[str, str]]]] = {
    "no headers": (b"{}", {}),
    "an unknown name": (b"{}", {"job": "os.system", "v": "1", "coder": "json"}),
    "an undecodable body": (b"\xff\xfe{", {"job": "add", "v": "1", "coder": "json"}),
    "a pickle": (b"\x80\x04\x95", {"job": "add", "v": "1", "coder": "pickle"}),
    "arguments that do not bind": (b'{"nobody": 1}', {"job": "add", "v": "1", "coder": "json"}),
    "arguments of another type": (b'{"one": "x", "two": []}', {"job": "add", "v": "1", "coder": "json"}),
    "a body that is no object": (b"[1, 2, 3, 4]", {"job": "add", "v": "1", "coder": "json"}),
    "a version to come": (b"{}", {"job": "add", "v": "99", "coder": "json"}),
    "nesting without end": (b"[" * 100_000, {"job": "add", "v": "1", "coder": "json"}),
}


@check("W5")
async def bad_jobs_are_dead_with_a_reason_and_good_ones_go_on(env: Env) -> None:
    async with crew(env) as all:

        @all.app.job(name="add")
        async def add(one: int, two: int) -> None:
            all.begin()

        await env.enqueue_ok(
            all.client, *(Message(name, "default", body, headers=of) for name, (body, of) in _BAD.items())
        )
        good = await all.enqueue(add, one=1, two=2)
        hand = await all.start_worker(concurrency=2, wait=0.05)
        for name in _BAD:
            await all.until(partial(_is_over, all.client, name), f"a job with {name} is dead")
            env.check(await _is_dead(all.client, name), f"a job with {name} has ended, and is not among the dead")
            reason = (await env.stored(all.client, name)).reason or ""
            env.check(
                (reason.strip() and reason.isprintable()) or "\n" in reason, f"the reason of {name} is {reason!r}"
            )
        await all.ended(good)
        env.expect([start.id for start in all.starts], [good], "the jobs that started")
        calls = len(hand.ties.calls)
        env.check(calls <= 10 * len(_BAD), f"the worker made {calls} calls for {len(_BAD) + 1} jobs")


@check("W5")
async def errors_that_can_not_be_said_are_said(env: Env) -> None:
    async with crew(env) as all:
        errors: list[Exception] = [
            _Unprintable(),
            _NeedsArguments(1, two=open),
            ValueError("\udcff \x00"),
            ValueError("x" * 10**6),
        ]

        @all.app.job(name="fail")
        async def fail(place: int) -> None:
            all.begin()
            raise errors[place]

        @all.app.job(name="good")
        async def good() -> None:
            all.begin()

        await all.start_worker(concurrency=2, wait=0.05)
        for place, error in enumerate(errors):
            id = await all.enqueue(fail, place=place)
            name = type(error).__name__
            await all.until(partial(_is_dead, all.client, id), f"a job that raised {name} is dead")
            reason = (await env.stored(all.client, id)).reason or ""
            env.check(name in reason, f"the reason of a job that raised {name} is {reason[:80]!r}")
        await all.ended(await all.enqueue(good))


class _Alien(BaseException):
    """Derives from nothing that anybody expects."""


_ERRORS: Final[tuple[BaseException, ...]] = (
    ValueError("x"),
    _Alien("x"),
    asyncio.CancelledError("x"),
    TimeoutError("x"),
    SystemExit(3),
    KeyboardInterrupt(),
    GeneratorExit(),
    StopIteration("x"),
    StopAsyncIteration("x"),
    RecursionError("x"),
    MemoryError("x"),
    BaseExceptionGroup("x", [ValueError("x"), KeyboardInterrupt()]),
)


@check("W6")
async def no_error_of_an_asynchronous_job_shrinks_the_worker(env: Env) -> None:
    async with crew(env) as all:

        @all.app.job(name="fail")
        async def fail(place: int) -> None:
            all.begin()
            await asyncio.sleep(0)
            raise _ERRORS[place]

        await _fails_with_everything(env, all, fail)


@check("W6")
async def no_error_of_a_thread_shrinks_the_worker(env: Env) -> None:
    async with crew(env) as all:

        @all.app.job(name="fail")
        def fail(place: int) -> None:
            all.begin()
            raise _ERRORS[place]

        await _fails_with_everything(env, all, fail)


async def _fails_with_everything(env: Env, all: WorkerPool, fail: Any) -> None:
    together = threading.Barrier(2)

    @all.app.job(name="meet")
    def meet() -> None:
        all.begin()
        together.wait(5)

    hand = await all.start_worker(concurrency=2, wait=0.05)
    ids = [await all.enqueue(fail, place=place) for place in range(len(_ERRORS))]
    for id, error in zip(ids, _ERRORS, strict=True):
        what = f"a job that raised {type(error).__name__} is dead"
        await all.until(partial(_is_dead_by, env, hand, all.client, id), what)
    await all.ended(await all.enqueue(meet), await all.enqueue(meet))
    env.check(not together.broken, "two jobs did not run at the same time on a worker of two")


async def _is_dead_by(env: Env, hand: WorkerThread, client: RecordingBackend, id: str) -> bool:
    if hand.crashed_with is not None:
        env.fail(f"what a job raised has ended its worker: {type(hand.crashed_with).__name__}")
    return await _is_dead(client, id)
