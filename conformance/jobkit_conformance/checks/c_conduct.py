"""C: how a backend behaves: it refuses what it can't do, ends when it is closed, keeps to its loop, and keeps quiet."""

from __future__ import annotations

import asyncio
import threading
import traceback
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias, cast

from jobkit.backend import Accepted, Backend, Dead, Done, Extension, Message, Release, RetryAt
from jobkit.clock import Clock
from jobkit.connections.clients import Clients
from jobkit.connections.resolver import BackendSource
from jobkit.errors import BackendUnavailable, Closed, InvalidArgument, JobkitError
from jobkit.lifecycle import State
from jobkit_conformance import capability_probe
from jobkit_conformance.checks.giving_up import turns
from jobkit_conformance.checks.registry import check
from jobkit_conformance.env import HOUR, MINUTE, Env, ids_of, message
from jobkit_conformance.history.recording import RecordingBackend
from jobkit_conformance.log_capture import capture_all

Ask: TypeAlias = Callable[[Backend], Awaitable[Any]]


@check("C1")
async def what_is_not_claimed_is_refused(env: Env) -> None:
    unrefused = await capability_probe.accepted_unclaimed(env)
    env.check(not unrefused, f"not claimed, and not refused with Unsupported: {unrefused}")


_RESERVES: Final[dict[str, Ask]] = {
    "reserve of no queue": lambda backend: backend.reserve([], limit=1, lease=1),
    "reserve of a str for queues": lambda backend: backend.reserve("q", limit=1, lease=1),
    "reserve of a queue twice": lambda backend: backend.reserve(["q", "q"], limit=1, lease=1),
    "reserve of what is no queue": lambda backend: backend.reserve([""], limit=1, lease=1),
    "reserve with limit=0": lambda backend: backend.reserve(["q"], limit=0, lease=1),
    "reserve with limit=-1": lambda backend: backend.reserve(["q"], limit=-1, lease=1),
    "reserve with limit=1.5": lambda backend: backend.reserve(["q"], limit=cast("int", 1.5), lease=1),
    "reserve with limit=2**40": lambda backend: backend.reserve(["q"], limit=2**40, lease=1),
    "reserve with lease=0": lambda backend: backend.reserve(["q"], limit=1, lease=0),
    "reserve with lease=-1": lambda backend: backend.reserve(["q"], limit=1, lease=-1),
    "reserve with lease=2**53": lambda backend: backend.reserve(["q"], limit=1, lease=2**53),
    "reserve with wait=-1": lambda backend: backend.reserve(["q"], limit=1, lease=1, wait=-1),
}
_SETTLES: Final[dict[str, Ask]] = {
    "settle of what is no settlement": lambda backend: backend.settle([cast("Any", "done")]),
    "settle with a token that is no str": lambda backend: backend.settle([Done(cast("Any", 7))]),
    "retry without a time": lambda backend: backend.settle([RetryAt("t")]),
    "retry with two times": lambda backend: backend.settle([RetryAt("t", at=0, after=0)]),
    "retry with after=-1": lambda backend: backend.settle([RetryAt("t", after=-1)]),
    "retry with at=2**53": lambda backend: backend.settle([RetryAt("t", at=2**53)]),
    "extend with lease=0": lambda backend: backend.extend([Extension("t", 0)]),
    "extend with lease=2**53": lambda backend: backend.extend([Extension("t", 2**53)]),
    "extend of what is no extension": lambda backend: backend.extend([cast("Any", "t")]),
}
_BY_OPTION: Final[dict[str, dict[str, Ask]]] = {
    "cancel": {"cancel of a str for ids": lambda backend: backend.cancel("a")},
    "dead_letters": {
        "requeue of a str for ids": lambda backend: backend.requeue("a"),
        "dead with a reason that is no str": lambda backend: backend.settle([Dead("t", cast("Any", None))]),
    },
    "inspect": {
        "get of a str for ids": lambda backend: backend.get("a"),
        "delete of what is no id": lambda backend: backend.delete([""]),
        "counts of what is no queue": lambda backend: backend.counts(""),
        "purge with limit=-1": lambda backend: backend.purge("q", State.READY, -1),
        "purge of the leased": lambda backend: backend.purge("q", State.LEASED, 1),
    },
}


@check("C1")
async def arguments_that_nobody_can_mean_are_refused(env: Env) -> None:
    client = await env.client()
    asks = {**_RESERVES, **_SETTLES}
    for option, more in _BY_OPTION.items():
        asks |= more if getattr(env.capabilities, option) else {}
    for what, ask in asks.items():
        await env.refuses(ask(client), InvalidArgument, what)


@check("C1", "priority")
async def a_claimed_priority_is_no_ornament(env: Env) -> None:
    client = await env.client()
    lowest, highest = env.capabilities.priority or (0, 0)
    env.check(lowest < highest, f"priority {lowest} to {highest} is claimed, which ranks nothing")
    await env.enqueue_ok(client, message("low", priority=lowest), message("high", priority=highest))
    env.expect(await env.drain(client), ["high", "low"], "the order of two priorities")


@check("C1", "delay", "clock")
async def a_claimed_delay_is_no_ornament(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message(after=HOUR))
    env.expect(await env.drain(client), [], "what is granted an hour early")


def _verbs(env: Env) -> dict[str, Ask]:
    verbs: dict[str, Ask] = {
        "enqueue": lambda backend: backend.enqueue([message("late")]),
        "enqueue of nothing": lambda backend: backend.enqueue([]),
        "reserve": lambda backend: backend.reserve(["q"], limit=1, lease=MINUTE),
        "settle": lambda backend: backend.settle([Done("t")]),
        "extend": lambda backend: backend.extend([Extension("t", MINUTE)]),
    }
    claims = env.capabilities
    verbs |= {"cancel": lambda backend: backend.cancel(["a"])} if claims.cancel else {}
    verbs |= {"requeue": lambda backend: backend.requeue(["a"])} if claims.dead_letters else {}
    verbs |= {"get": lambda backend: backend.get(["a"])} if claims.inspect else {}
    verbs |= {"counts": lambda backend: backend.counts("q")} if claims.inspect else {}
    return verbs


@check("C2")
async def a_closed_client_does_nothing_more(env: Env) -> None:
    client, other = await env.clients(2)
    await env.enqueue_ok(client, message())
    await env.reserve_ok(client, "a", lease=HOUR)
    await client.close()
    await client.close()
    for what, ask in _verbs(env).items():
        await env.refuses(ask(client), Closed, f"{what} after close")
    env.expect(await other.reserve(["q"], limit=1, lease=MINUTE), [], "reserve by another client: the lease is left")
    (outcome,) = await other.enqueue([message("b")])
    env.check(isinstance(outcome, Accepted), f"enqueue by another client answered {outcome}")


@check("C2")
async def a_client_that_was_never_used_can_be_closed(env: Env) -> None:
    client = await env.client()
    await client.close()
    await client.close()
    await env.refuses(client.reserve(["q"], limit=1, lease=MINUTE), Closed, "reserve after close")


@check("C2", "wait")
async def close_ends_reserves_that_wait(env: Env) -> None:
    client = await env.client(own_time=True)
    calls = [client.reserve(["q"], limit=1, lease=HOUR, wait=20_000) for _ in range(3)]
    waiting = [await env.waiting(call) for call in calls]
    await env.within(client.close(), "close while reserves wait")
    for task in waiting:
        call = env.refuses(task, Closed, "a reserve that waited when its client was closed")
        await env.within(call, "a reserve that waited when its client was closed", within=2)
    other = await env.client(own_time=True)
    await env.enqueue_ok(other, message())
    found = await other.reserve(["q"], limit=1, lease=HOUR)
    env.expect([delivery.attempt for delivery in found], [1], "the attempt of a job that came after that")


@check("C2")
async def a_verb_in_flight_finishes_or_raises(env: Env) -> None:
    producer = await env.client()
    for turn in range(12):
        client, id = await env.client(), f"m{turn}"
        enqueuing = asyncio.create_task(client.enqueue([message(id)]))
        await turns(turn)
        await client.close()
        try:
            answer = await env.within(enqueuing, "an enqueue whose client was closed")
            finished = bool(answer)
        except (Closed, BackendUnavailable):
            finished = False
        granted = ids_of(await producer.reserve(["q"], limit=5, lease=HOUR))
        env.check(granted in ([id], []), f"granted were {granted}")
        env.check(granted or not finished, "an enqueue was answered, and nothing is there")


MARK: Final = "ORCHID-7731"
"""In every body and nowhere else."""


def _said(error: BaseException) -> str:
    return "".join(traceback.format_exception(error)) + repr(error)


@check("C3")
async def a_body_is_in_no_error(env: Env) -> None:
    body = MARK.encode()
    bad = [
        message(body=cast("bytes", MARK)),
        message(body=cast("bytes", bytearray(body))),
        message("\x00", body=body),
        message(queue="", body=body),
        message(body=body, headers={"n": cast("str", 1)}),
        message(body=body, priority=2**40),
        message(body=(body * (env.capabilities.max_body // len(body) + 1))[: env.capabilities.max_body + 1]),
    ]
    client = await env.client()
    for one in bad[: len(bad) if env.capabilities.max_body < 1 << 26 else -1]:
        error = await env.refuses(client.enqueue([one]), JobkitError, "enqueue of what can't be stored")
        env.check(MARK not in _said(error), f"an error shows the body: {error}")


@check("C3")
async def a_body_is_in_no_log(env: Env) -> None:
    with capture_all() as heard:
        client = await env.client()
        await env.enqueue_ok(client, *(message(f"m{number}", body=f"{MARK} {number}".encode()) for number in range(4)))
        one, two, three, four = await client.reserve(["q"], limit=4, lease=MINUTE)
        last = Dead(three.token, "why") if env.capabilities.dead_letters else Release(three.token)
        await client.settle([Done(one.token), RetryAt(two.token, after=0), last])
        await client.settle([Done(one.token)])
        await client.enqueue([message("m1", body=MARK.encode())])
        if env.capabilities.cancel:
            await client.cancel([four.message.id])
        shown = repr(client.backend)
        await client.close()
    told = [line for line in (*heard.lines, shown) if MARK in line]
    env.check(not told, f"a body is in what was logged, warned of or printed: {(told or [''])[0][:200]}")


@check("C3", "hook:secrets")
async def a_secret_is_nowhere(env: Env) -> None:
    with capture_all() as heard:
        client = await env.client()
        await env.enqueue_ok(client, message())
        shown = [repr(client.backend), repr(vars(client.backend) if hasattr(client.backend, "__dict__") else "")[:0]]
        await client.close()
    _check_secrets(env, [*heard.lines, *shown], "in what was logged, warned of or printed")


@check("C3", "hook:secrets", "hook:kill", "hook:restart")
async def a_secret_is_in_no_fault(env: Env) -> None:
    client = await env.client(own_time=True)
    with capture_all() as heard:
        await env.kill()
        error = await env.refuses(client.enqueue([message()]), BackendUnavailable, "enqueue without a store")
    _check_secrets(env, [*heard.lines, _said(error)], "in what was raised or logged without a store")


def _check_secrets(env: Env, lines: list[str], where: str) -> None:
    for secret in env.harness.secrets():
        env.check(not any(secret in line for line in lines), f"a password is {where}")


@check("C4")
async def each_loop_has_a_client_of_its_own(env: Env) -> None:
    here = await env.client(own_time=True)
    await env.enqueue_ok(here, message("a"), message("b"))
    found = await asyncio.to_thread(lambda: asyncio.run(_elsewhere(env)))
    found += ids_of(await here.reserve(["q"], limit=5, lease=HOUR))
    env.expect(sorted(found), ["a", "b"], "what a client on another loop was granted, and this one after that")


async def _elsewhere(env: Env) -> list[str]:
    client = RecordingBackend(await env.harness.open(env.namespace, None), env.trace, "c2")
    try:
        return ids_of(await client.reserve(["q"], limit=1, lease=HOUR))
    finally:
        await client.close()


@check("C4")
async def loops_come_and_go(env: Env) -> None:
    here = await env.client(own_time=True)
    await env.enqueue_ok(here, *(message(f"m{number}") for number in range(5)))
    granted: list[str] = []
    for _ in range(5):
        granted += await asyncio.to_thread(lambda: asyncio.run(_elsewhere(env)))
    expected = [f"m{number}" for number in range(5)]
    env.expect(sorted(granted), expected, "what five loops, one after another, were granted")
    env.expect(await here.reserve(["q"], limit=5, lease=HOUR), [], "what is left")


class _Opened:
    """Stands for a backend, and knows on which thread's loop it was opened and closed."""

    def __init__(self, log: list[tuple[str, int]]) -> None:
        self._log = log
        self._note("opened")

    def _note(self, what: str) -> None:
        asyncio.get_running_loop()
        self._log.append((what, threading.get_ident()))

    async def enqueue(self, messages: list[Message]) -> list[object]:
        return []

    async def close(self) -> None:
        self._note("closed")


@check("C4")
async def the_app_opens_one_a_loop_and_closes_it_with_the_loop(env: Env) -> None:
    log: list[tuple[str, int]] = []

    def factory(url: str | None, namespace: str, clock: Clock | None) -> Backend:
        return cast("Backend", _Opened(log))

    clients = Clients(BackendSource(factory, None, "c4"))

    async def use() -> bool:
        return clients.for_running_loop() is clients.for_running_loop()

    for _ in range(2):
        env.check(await asyncio.to_thread(lambda: asyncio.run(use())), "one loop got two clients of one backend")
    env.expect([what for what, _ in log], ["opened", "closed"] * 2, "what two loops did, one after another")
