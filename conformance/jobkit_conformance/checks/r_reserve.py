"""R: who is granted what, and what a reserve that waits may cost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

from jobkit.backend import Dead, Delivery, Done, Extension, Message, Release, RetryAt
from jobkit_conformance.checks.giving_up import cancel_after, turns
from jobkit_conformance.checks.registry import example
from jobkit_conformance.env import HOUR, MINUTE, Stage, ids_of, message
from jobkit_conformance.history.recording import Client

LONG_WAIT = 20_000
"""Milliseconds: nobody should wait as long."""
PROMPT = 2.0
"""Seconds within which a reserve that is woken answers, beside the slack."""
AWAITS = 40
"""At how many moments a call is cancelled: one more turn of the event loop each time."""


@example("R1")
async def nobody_else_is_granted_a_leased_message(stage: Stage) -> None:
    clients = await stage.clients(5)
    ids = [f"m{number:03}" for number in range(100)]
    await stage.put(clients[0], *map(message, ids))
    calls = [client.reserve(["q"], limit=1 + place % 3, lease=HOUR) for place, client in enumerate(clients * 20)]
    granted = [id for answer in await asyncio.gather(*calls) for id in ids_of(answer)]
    stage.expect(
        len(granted), len(set(granted)), "how many were granted by a hundred reserves at once, and how many jobs"
    )
    stage.need(sorted(granted) == ids, "some of a hundred jobs were not granted")
    stage.expect(await clients[1].reserve(["q"], limit=10, lease=MINUTE), [], "a reserve while all are leased")


@example("R1", "clock")
async def nobody_is_granted_a_message_until_its_lease_ends(stage: Stage) -> None:
    holder, other = await stage.clients(2)
    await stage.put(holder, message())
    (held,) = await stage.take(holder, "a", lease=HOUR)
    await stage.advance(HOUR - max(1, stage.tolerance))
    stage.expect(await other.reserve(["q"], limit=1, lease=MINUTE), [], "a reserve just before the lease's end")
    await holder.extend([Extension(held.token, HOUR)])
    await stage.advance(HOUR - max(1, stage.tolerance))
    stage.expect(
        await other.reserve(["q"], limit=1, lease=MINUTE), [], "a reserve just before the extended lease's end"
    )


@example("R2")
async def at_most_limit_and_as_many_as_can_be(stage: Stage) -> None:
    client = await stage.client()
    await stage.put(client, *(message(f"m{number}") for number in range(5)))
    found = await client.reserve(["q"], limit=3, lease=MINUTE)
    stage.expect(len(set(ids_of(found))), 3, "granted of five with limit=3")
    rest = await stage.soon(client.reserve(["q"], limit=3, lease=MINUTE), "reserve")
    stage.expect(len(rest), 2, "granted of the two left with limit=3")
    stage.expect(await stage.soon(client.reserve(["q"], limit=3, lease=MINUTE), "reserve"), [], "granted of none")


@example("R2")
async def a_reserve_of_several_queues_keeps_to_its_limit(stage: Stage) -> None:
    client = await stage.client()
    await stage.put(client, *(message(f"m{number}", queue=f"q{number % 3}") for number in range(9)))
    found = await client.reserve(["q0", "q1", "q2"], limit=5, lease=MINUTE)
    stage.expect(len(set(ids_of(found))), 5, "granted of nine in three queues with limit=5")
    found = await client.reserve(["q0", "q1", "q2"], limit=5, lease=MINUTE)
    stage.expect(len(set(ids_of(found))), 4, "granted of the four left with limit=5")


@example("R2", "wait")
async def a_wait_ends_with_an_empty_answer(stage: Stage) -> None:
    client = await stage.client(own_time=True)
    begun = time.monotonic()
    found = await stage.soon(client.reserve(["q"], limit=1, lease=MINUTE, wait=50), "reserve with wait=50")
    stage.expect(found, [], "a reserve of nothing with wait=50")
    stage.check(time.monotonic() - begun >= 0.045, "it answered before its wait was over, with nothing")


@example("R2", "wait")
async def what_is_there_is_not_waited_for(stage: Stage) -> None:
    client = await stage.client(own_time=True)
    await stage.put(client, message())
    found = await stage.soon(client.reserve(["q"], limit=10, lease=MINUTE, wait=LONG_WAIT), "reserve", within=PROMPT)
    stage.expect(ids_of(found), ["a"], "granted of one with limit=10 and a long wait")


@example("R3")
async def a_cancelled_wait_takes_nothing(stage: Stage) -> None:
    client, producer = await stage.client(own_time=True), await stage.client(own_time=True)
    for turn in range(AWAITS):
        queue = f"q{turn}"
        waiting = asyncio.create_task(client.reserve([queue], limit=1, lease=HOUR, wait=LONG_WAIT))
        await cancel_after(turn, waiting)
        await stage.put(producer, message(f"m{turn}", queue=queue))
        await _is_untouched(stage, client, queue, f"after a wait that was cancelled {turn} turns of the loop into it")


@example("R3")
async def a_wait_that_is_cancelled_while_it_takes_gives_back(stage: Stage) -> None:
    client, producer = await stage.client(own_time=True), await stage.client(own_time=True)
    for turn in range(AWAITS):
        queue = f"q{turn}"
        waiting = await stage.waiting(client.reserve([queue], limit=1, lease=HOUR, wait=LONG_WAIT))
        enqueuing = asyncio.create_task(producer.enqueue([message(f"m{turn}", queue=queue)]))
        await cancel_after(turn, waiting)
        await enqueuing
        if waiting.cancelled():
            await _is_untouched(stage, client, queue, f"after a wait that was cancelled {turn} turns after an enqueue")


async def _is_untouched(stage: Stage, client: Client, queue: str, when: str) -> None:
    call = client.reserve([queue], limit=1, lease=HOUR, wait=LONG_WAIT)
    found = await stage.soon(call, f"reserve {when}", within=PROMPT + stage.capabilities.slack / 1000)
    stage.expect([delivery.attempt for delivery in found], [1], f"the attempts granted {when}")


@example("R4")
async def what_an_abandoned_client_took_comes_back(stage: Stage) -> None:
    ids = [f"m{number}" for number in range(10)]
    lost = await stage.client()
    await stage.put(lost, *map(message, ids))
    stage.need(len(await lost.reserve(["q"], limit=10, lease=MINUTE)) == 10, "not all were granted")
    other = await stage.client()
    await stage.advance(MINUTE + stage.capabilities.slack + stage.tolerance)
    stage.expect(sorted(await stage.drain(other)), ids, "what another client is granted after the lease")


@example("R4")
async def a_call_that_ends_anywhere_loses_nothing(stage: Stage) -> None:
    ids = sorted(f"{verb} {turn}" for verb in ("reserve", "settle", "extend") for turn in range(12))
    producer = await stage.client()
    await stage.put(producer, *(message(id, queue=id) for id in ids))
    for id in ids:
        verb, turns = id.split()
        client = await stage.client()
        await cancel_after(int(turns), asyncio.create_task(await _call(stage, client, verb, id)))
        await client.close()  # a slow store may still be at it until then
    await stage.advance(MINUTE + stage.capabilities.slack + stage.tolerance)
    stage.expect(sorted(await stage.drain(await stage.client(), ids)), ids, "what is granted after the leases")


async def _call(stage: Stage, client: Client, verb: str, queue: str) -> Coroutine[Any, Any, object]:
    if verb == "reserve":
        return client.reserve([queue], limit=1, lease=MINUTE)
    (held,) = await stage.take(client, queue, queue=queue)
    if verb == "settle":
        return client.settle([RetryAt(held.token, after=0)])
    return client.extend([Extension(held.token, MINUTE)])


async def _waits_for(
    stage: Stage, arise: Callable[[Client], Coroutine[Any, Any, object]], what: str, delay: int = 0
) -> None:
    """See that a reserve that waits is woken by what arises meanwhile, ``delay`` milliseconds later."""
    waiter, other = await stage.client(own_time=True), await stage.client(own_time=True)
    waiting = await stage.waiting(waiter.reserve(["q"], limit=1, lease=HOUR, wait=LONG_WAIT))
    await arise(other)
    within = PROMPT + (delay + stage.capabilities.slack) / 1000
    found = await stage.soon(waiting, f"a reserve that waits, {what}", within)
    stage.expect(ids_of(found), ["a"], f"what a reserve that waits is granted, {what}")


@example("R5")
async def a_wait_is_woken_by_an_enqueue(stage: Stage) -> None:
    await _waits_for(stage, lambda other: stage.put(other, message()), "when another client enqueues")


@example("R5", "delay")
async def a_wait_is_woken_by_a_due_time_that_arises_meanwhile(stage: Stage) -> None:
    async def arise(other: Client) -> None:
        await stage.put(other, message("later", after=HOUR), message("a", after=40))

    await _waits_for(stage, arise, "when a message falls due that was enqueued meanwhile", delay=40)


@example("R5", "delay")
async def a_wait_is_woken_by_a_due_time_that_was_known(stage: Stage) -> None:
    client = await stage.client(own_time=True)
    await stage.put(client, message("later", after=HOUR), message("a", after=60))
    call = client.reserve(["q"], limit=1, lease=HOUR, wait=LONG_WAIT)
    found = await stage.soon(call, "a reserve that waits for a due time", PROMPT + stage.capabilities.slack / 1000)
    stage.expect(ids_of(found), ["a"], "what a reserve that waits is granted at a due time")


@example("R5")
async def a_wait_is_woken_by_a_lease_end(stage: Stage) -> None:
    holder = await stage.client(own_time=True)
    await stage.put(holder, message())
    await stage.take(holder, "a", lease=60)

    async def arise(other: Client) -> None:
        pass

    await _waits_for(stage, arise, "when a lease runs out", delay=60)


@example("R5")
async def a_wait_is_woken_by_a_lease_end_that_arises_meanwhile(stage: Stage) -> None:
    holder = await stage.client(own_time=True)
    await stage.put(holder, message())
    (held,) = await stage.take(holder, "a", lease=HOUR)
    await _waits_for(
        stage, lambda other: other.extend([Extension(held.token, 60)]), "when a lease is cut short", delay=60
    )


async def _woken_by_settle(stage: Stage, settle: Callable[[Delivery], Release | RetryAt], what: str) -> None:
    holder = await stage.client(own_time=True)
    await stage.put(holder, message())
    (held,) = await stage.take(holder, "a", lease=HOUR)
    await _waits_for(stage, lambda other: stage.settled(other, settle(held)), what)


@example("R5")
async def a_wait_is_woken_by_a_release(stage: Stage) -> None:
    await _woken_by_settle(stage, lambda held: Release(held.token), "when a job is released")


@example("R5")
async def a_wait_is_woken_by_a_retry(stage: Stage) -> None:
    await _woken_by_settle(stage, lambda held: RetryAt(held.token, after=0), "when a job is to be retried")


@example("R5", "dead_letters")
async def a_wait_is_woken_by_a_requeue(stage: Stage) -> None:
    holder = await stage.client(own_time=True)
    await stage.put(holder, message())
    (held,) = await stage.take(holder, "a")
    await stage.settled(holder, Dead(held.token, "why"))
    await _waits_for(stage, lambda other: other.requeue(["a"]), "when a dead job is requeued")


async def _wakes_ten(stage: Stage, batches: list[list[Message]], what: str) -> None:
    clients = [await stage.client(own_time=True) for _ in range(10)]
    calls = [client.reserve(["r", "q"], limit=1, lease=HOUR, wait=LONG_WAIT) for client in clients]
    waiting = [await stage.waiting(call) for call in calls]
    producer = await stage.client(own_time=True)
    for batch in batches:
        await stage.put(producer, *batch)
    answers = await stage.soon(asyncio.gather(*waiting), what, PROMPT + stage.capabilities.slack / 1000)
    stage.expect([len(found) for found in answers], [1] * 10, f"how many each of them was granted, {what}")


@example("R5")
async def a_hundred_jobs_wake_ten_waiters(stage: Stage) -> None:
    jobs = [message(f"m{number}") for number in range(100)]
    await _wakes_ten(stage, [jobs], "ten reserves that wait, when a hundred jobs come at once")


@example("R5")
async def ten_jobs_one_by_one_wake_ten_waiters(stage: Stage) -> None:
    jobs = [[message(f"m{number}", queue="qr"[number % 2])] for number in range(10)]
    await _wakes_ten(stage, jobs, "ten reserves that wait, when ten jobs come one by one")


@example("R5")
async def the_wake_of_a_cancelled_waiter_goes_to_the_next(stage: Stage) -> None:
    first, second, producer = [await stage.client(own_time=True) for _ in range(3)]
    for turn in range(10):
        calls = [client.reserve([f"q{turn}"], limit=1, lease=HOUR, wait=LONG_WAIT) for client in (first, second)]
        gone, there = [await stage.waiting(call) for call in calls]
        enqueuing = asyncio.create_task(producer.enqueue([message(f"m{turn}", queue=f"q{turn}")]))
        await cancel_after(turn, gone)
        await enqueuing
        if gone.cancelled():
            within = PROMPT + stage.capabilities.slack / 1000
            found = await stage.soon(there, "the other of two waiters, one of which was cancelled", within)
            stage.expect(ids_of(found), [f"m{turn}"], "what the other waiter is granted")
        else:
            there.cancel()
            await asyncio.wait([there])


@example("R5")
async def many_wakes_in_a_row_lose_none(stage: Stage) -> None:
    worker, producer = await stage.client(own_time=True), await stage.client(own_time=True)
    for turn in range(30):
        call = worker.reserve(["q"], limit=1, lease=HOUR, wait=LONG_WAIT)
        waiting = asyncio.create_task(call)
        await turns(turn)
        await stage.put(producer, message(f"m{turn}"))
        found = await stage.soon(waiting, f"the reserve of turn {turn}", PROMPT + stage.capabilities.slack / 1000)
        stage.expect(ids_of(found), [f"m{turn}"], f"what the reserve of turn {turn} is granted")
        await stage.settled(worker, *(Done(delivery.token) for delivery in found))
