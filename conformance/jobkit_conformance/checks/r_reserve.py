"""R: who is granted what, and what a reserve that waits may cost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

from jobkit.backend import Dead, Delivery, Done, Extension, Message, Release, RetryAt
from jobkit_conformance.checks.giving_up import cancel_after, turns
from jobkit_conformance.checks.registry import check
from jobkit_conformance.env import HOUR, MINUTE, Env, ids_of, message
from jobkit_conformance.history.recording import RecordingBackend

LONG_WAIT = 20_000
"""Milliseconds: nobody should wait as long."""
PROMPT = 2.0
"""Seconds within which a reserve that is woken answers, beside the slack."""
AWAITS = 40
"""At how many moments a call is cancelled: one more turn of the event loop each time."""


@check("R1")
async def nobody_else_is_granted_a_leased_message(env: Env) -> None:
    clients = await env.clients(5)
    ids = [f"m{number:03}" for number in range(100)]
    await env.enqueue_ok(clients[0], *map(message, ids))
    calls = [client.reserve(["q"], limit=1 + place % 3, lease=HOUR) for place, client in enumerate(clients * 20)]
    granted = [id for answer in await asyncio.gather(*calls) for id in ids_of(answer)]
    env.expect(
        len(granted), len(set(granted)), "how many were granted by a hundred reserves at once, and how many jobs"
    )
    env.require(sorted(granted) == ids, "some of a hundred jobs were not granted")
    env.expect(await clients[1].reserve(["q"], limit=10, lease=MINUTE), [], "a reserve while all are leased")


@check("R1", "clock")
async def nobody_is_granted_a_message_until_its_lease_ends(env: Env) -> None:
    holder, other = await env.clients(2)
    await env.enqueue_ok(holder, message())
    (held,) = await env.reserve_ok(holder, "a", lease=HOUR)
    await env.advance(HOUR - max(1, env.tolerance))
    env.expect(await other.reserve(["q"], limit=1, lease=MINUTE), [], "a reserve just before the lease's end")
    await holder.extend([Extension(held.token, HOUR)])
    await env.advance(HOUR - max(1, env.tolerance))
    env.expect(await other.reserve(["q"], limit=1, lease=MINUTE), [], "a reserve just before the extended lease's end")


@check("R2")
async def at_most_limit_and_as_many_as_can_be(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, *(message(f"m{number}") for number in range(5)))
    found = await client.reserve(["q"], limit=3, lease=MINUTE)
    env.expect(len(set(ids_of(found))), 3, "granted of five with limit=3")
    rest = await env.within(client.reserve(["q"], limit=3, lease=MINUTE), "reserve")
    env.expect(len(rest), 2, "granted of the two left with limit=3")
    env.expect(await env.within(client.reserve(["q"], limit=3, lease=MINUTE), "reserve"), [], "granted of none")


@check("R2")
async def a_reserve_of_several_queues_keeps_to_its_limit(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, *(message(f"m{number}", queue=f"q{number % 3}") for number in range(9)))
    found = await client.reserve(["q0", "q1", "q2"], limit=5, lease=MINUTE)
    env.expect(len(set(ids_of(found))), 5, "granted of nine in three queues with limit=5")
    found = await client.reserve(["q0", "q1", "q2"], limit=5, lease=MINUTE)
    env.expect(len(set(ids_of(found))), 4, "granted of the four left with limit=5")


@check("R2", "wait")
async def a_wait_ends_with_an_empty_answer(env: Env) -> None:
    client = await env.client(own_time=True)
    begun = time.monotonic()
    found = await env.within(client.reserve(["q"], limit=1, lease=MINUTE, wait=50), "reserve with wait=50")
    env.expect(found, [], "a reserve of nothing with wait=50")
    env.check(time.monotonic() - begun >= 0.045, "it answered before its wait was over, with nothing")


@check("R2", "wait")
async def what_is_there_is_not_waited_for(env: Env) -> None:
    client = await env.client(own_time=True)
    await env.enqueue_ok(client, message())
    found = await env.within(client.reserve(["q"], limit=10, lease=MINUTE, wait=LONG_WAIT), "reserve", within=PROMPT)
    env.expect(ids_of(found), ["a"], "granted of one with limit=10 and a long wait")


@check("R3")
async def a_cancelled_wait_takes_nothing(env: Env) -> None:
    client, producer = await env.client(own_time=True), await env.client(own_time=True)
    for turn in range(AWAITS):
        queue = f"q{turn}"
        waiting = asyncio.create_task(client.reserve([queue], limit=1, lease=HOUR, wait=LONG_WAIT))
        await cancel_after(turn, waiting)
        await env.enqueue_ok(producer, message(f"m{turn}", queue=queue))
        await _is_untouched(env, client, queue, f"after a wait that was cancelled {turn} turns of the loop into it")


@check("R3")
async def a_wait_that_is_cancelled_while_it_takes_gives_back(env: Env) -> None:
    client, producer = await env.client(own_time=True), await env.client(own_time=True)
    for turn in range(AWAITS):
        queue = f"q{turn}"
        waiting = await env.waiting(client.reserve([queue], limit=1, lease=HOUR, wait=LONG_WAIT))
        enqueuing = asyncio.create_task(producer.enqueue([message(f"m{turn}", queue=queue)]))
        await cancel_after(turn, waiting)
        await enqueuing
        if waiting.cancelled():
            await _is_untouched(env, client, queue, f"after a wait that was cancelled {turn} turns after an enqueue")


async def _is_untouched(env: Env, client: RecordingBackend, queue: str, when: str) -> None:
    call = client.reserve([queue], limit=1, lease=HOUR, wait=LONG_WAIT)
    found = await env.within(call, f"reserve {when}", within=PROMPT + env.capabilities.slack / 1000)
    env.expect([delivery.attempt for delivery in found], [1], f"the attempts granted {when}")


@check("R4")
async def what_an_abandoned_client_took_comes_back(env: Env) -> None:
    ids = [f"m{number}" for number in range(10)]
    lost = await env.client()
    await env.enqueue_ok(lost, *map(message, ids))
    env.require(len(await lost.reserve(["q"], limit=10, lease=MINUTE)) == 10, "not all were granted")
    other = await env.client()
    await env.advance(MINUTE + env.capabilities.slack + env.tolerance)
    env.expect(sorted(await env.drain(other)), ids, "what another client is granted after the lease")


@check("R4")
async def a_call_that_ends_anywhere_loses_nothing(env: Env) -> None:
    ids = sorted(f"{verb} {turn}" for verb in ("reserve", "settle", "extend") for turn in range(12))
    producer = await env.client()
    await env.enqueue_ok(producer, *(message(id, queue=id) for id in ids))
    for id in ids:
        verb, turns = id.split()
        client = await env.client()
        await cancel_after(int(turns), asyncio.create_task(await _call(env, client, verb, id)))
        await client.close()  # a slow store may still be at it until then
    await env.advance(MINUTE + env.capabilities.slack + env.tolerance)
    env.expect(sorted(await env.drain(await env.client(), ids)), ids, "what is granted after the leases")


async def _call(env: Env, client: RecordingBackend, verb: str, queue: str) -> Coroutine[Any, Any, object]:
    if verb == "reserve":
        return client.reserve([queue], limit=1, lease=MINUTE)
    (held,) = await env.reserve_ok(client, queue, queue=queue)
    if verb == "settle":
        return client.settle([RetryAt(held.token, after=0)])
    return client.extend([Extension(held.token, MINUTE)])


async def _waits_for(
    env: Env, arise: Callable[[RecordingBackend], Coroutine[Any, Any, object]], what: str, delay: int = 0
) -> None:
    """See that a reserve that waits is woken by what arises meanwhile, ``delay`` milliseconds later."""
    waiter, other = await env.client(own_time=True), await env.client(own_time=True)
    waiting = await env.waiting(waiter.reserve(["q"], limit=1, lease=HOUR, wait=LONG_WAIT))
    await arise(other)
    within = PROMPT + (delay + env.capabilities.slack) / 1000
    found = await env.within(waiting, f"a reserve that waits, {what}", within)
    env.expect(ids_of(found), ["a"], f"what a reserve that waits is granted, {what}")


@check("R5")
async def a_wait_is_woken_by_an_enqueue(env: Env) -> None:
    await _waits_for(env, lambda other: env.enqueue_ok(other, message()), "when another client enqueues")


@check("R5", "delay")
async def a_wait_is_woken_by_a_due_time_that_arises_meanwhile(env: Env) -> None:
    async def arise(other: RecordingBackend) -> None:
        await env.enqueue_ok(other, message("later", after=HOUR), message("a", after=40))

    await _waits_for(env, arise, "when a message falls due that was enqueued meanwhile", delay=40)


@check("R5", "delay")
async def a_wait_is_woken_by_a_due_time_that_was_known(env: Env) -> None:
    client = await env.client(own_time=True)
    await env.enqueue_ok(client, message("later", after=HOUR), message("a", after=60))
    call = client.reserve(["q"], limit=1, lease=HOUR, wait=LONG_WAIT)
    found = await env.within(call, "a reserve that waits for a due time", PROMPT + env.capabilities.slack / 1000)
    env.expect(ids_of(found), ["a"], "what a reserve that waits is granted at a due time")


@check("R5")
async def a_wait_is_woken_by_a_lease_end(env: Env) -> None:
    holder = await env.client(own_time=True)
    await env.enqueue_ok(holder, message())
    await env.reserve_ok(holder, "a", lease=60)

    async def arise(other: RecordingBackend) -> None:
        pass

    await _waits_for(env, arise, "when a lease runs out", delay=60)


@check("R5")
async def a_wait_is_woken_by_a_lease_end_that_arises_meanwhile(env: Env) -> None:
    holder = await env.client(own_time=True)
    await env.enqueue_ok(holder, message())
    (held,) = await env.reserve_ok(holder, "a", lease=HOUR)
    await _waits_for(
        env, lambda other: other.extend([Extension(held.token, 60)]), "when a lease is cut short", delay=60
    )


async def _woken_by_settle(env: Env, settle: Callable[[Delivery], Release | RetryAt], what: str) -> None:
    holder = await env.client(own_time=True)
    await env.enqueue_ok(holder, message())
    (held,) = await env.reserve_ok(holder, "a", lease=HOUR)
    await _waits_for(env, lambda other: env.settled(other, settle(held)), what)


@check("R5")
async def a_wait_is_woken_by_a_release(env: Env) -> None:
    await _woken_by_settle(env, lambda held: Release(held.token), "when a job is released")


@check("R5")
async def a_wait_is_woken_by_a_retry(env: Env) -> None:
    await _woken_by_settle(env, lambda held: RetryAt(held.token, after=0), "when a job is to be retried")


@check("R5", "dead_letters")
async def a_wait_is_woken_by_a_requeue(env: Env) -> None:
    holder = await env.client(own_time=True)
    await env.enqueue_ok(holder, message())
    (held,) = await env.reserve_ok(holder, "a")
    await env.settled(holder, Dead(held.token, "why"))
    await _waits_for(env, lambda other: other.requeue(["a"]), "when a dead job is requeued")


async def _wakes_ten(env: Env, batches: list[list[Message]], what: str) -> None:
    clients = [await env.client(own_time=True) for _ in range(10)]
    calls = [client.reserve(["r", "q"], limit=1, lease=HOUR, wait=LONG_WAIT) for client in clients]
    waiting = [await env.waiting(call) for call in calls]
    producer = await env.client(own_time=True)
    for batch in batches:
        await env.enqueue_ok(producer, *batch)
    answers = await env.within(asyncio.gather(*waiting), what, PROMPT + env.capabilities.slack / 1000)
    env.expect([len(found) for found in answers], [1] * 10, f"how many each of them was granted, {what}")


@check("R5")
async def a_hundred_jobs_wake_ten_waiters(env: Env) -> None:
    jobs = [message(f"m{number}") for number in range(100)]
    await _wakes_ten(env, [jobs], "ten reserves that wait, when a hundred jobs come at once")


@check("R5")
async def ten_jobs_one_by_one_wake_ten_waiters(env: Env) -> None:
    jobs = [[message(f"m{number}", queue="qr"[number % 2])] for number in range(10)]
    await _wakes_ten(env, jobs, "ten reserves that wait, when ten jobs come one by one")


@check("R5")
async def the_wake_of_a_cancelled_waiter_goes_to_the_next(env: Env) -> None:
    first, second, producer = [await env.client(own_time=True) for _ in range(3)]
    for turn in range(10):
        calls = [client.reserve([f"q{turn}"], limit=1, lease=HOUR, wait=LONG_WAIT) for client in (first, second)]
        gone, there = [await env.waiting(call) for call in calls]
        enqueuing = asyncio.create_task(producer.enqueue([message(f"m{turn}", queue=f"q{turn}")]))
        await cancel_after(turn, gone)
        await enqueuing
        if gone.cancelled():
            within = PROMPT + env.capabilities.slack / 1000
            found = await env.within(there, "the other of two waiters, one of which was cancelled", within)
            env.expect(ids_of(found), [f"m{turn}"], "what the other waiter is granted")
        else:
            there.cancel()
            await asyncio.wait([there])


@check("R5")
async def many_wakes_in_a_row_lose_none(env: Env) -> None:
    worker, producer = await env.client(own_time=True), await env.client(own_time=True)
    for turn in range(30):
        call = worker.reserve(["q"], limit=1, lease=HOUR, wait=LONG_WAIT)
        waiting = asyncio.create_task(call)
        await turns(turn)
        await env.enqueue_ok(producer, message(f"m{turn}"))
        found = await env.within(waiting, f"the reserve of turn {turn}", PROMPT + env.capabilities.slack / 1000)
        env.expect(ids_of(found), [f"m{turn}"], f"what the reserve of turn {turn} is granted")
        await env.settled(worker, *(Done(delivery.token) for delivery in found))
