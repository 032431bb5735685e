"""P, pausing: a queue that grants nothing for a while, and goes on where it was."""

from __future__ import annotations

import asyncio

from jobkit.backend import (
    Accepted,
    Cancelled,
    CancelPending,
    Dead,
    Delivery,
    Done,
    Extended,
    Extension,
    Release,
    RetryAt,
    Settled,
    Settlement,
)
from jobkit_conformance.checks.names import ODD_NAMES
from jobkit_conformance.checks.registry import check
from jobkit_conformance.env import HOUR, MINUTE, Env, ids_of, message, words_of

WAIT = 20 * MINUTE
"""Longer than any play: who waits is woken, or the play fails."""


@check("P1")
async def a_paused_queue_grants_nothing(stage: Env) -> None:
    one, other = await stage.clients(2)
    await stage.enqueue_ok(one, message("before"))
    await one.pause("q")
    (outcome,) = await one.enqueue([message("meanwhile")])
    stage.check(isinstance(outcome, Accepted), f"enqueue to a paused queue answered {outcome}")
    for client in (one, other, await stage.client()):
        stage.expect(await client.reserve(["q"], limit=5, lease=MINUTE), [], "reserve of a paused queue")
    await other.resume("q")
    stage.expect(sorted(await stage.drain(one)), ["before", "meanwhile"], "what is granted once it was resumed")


@check("P1")
async def a_reserve_across_queues_skips_it(stage: Env) -> None:
    client = await stage.client()
    await stage.enqueue_ok(client, message("p", queue="p"), message("q"), message("r", queue="r"))
    await client.pause("q")
    found = await client.reserve(["p", "q", "r"], limit=5, lease=MINUTE)
    stage.expect(ids_of(found), ["p", "r"], "reserve of three queues, of which the second is paused")
    await client.resume("q")
    stage.expect(await stage.drain(client, ["p", "q", "r"]), ["q"], "what is granted once it was resumed")


@check("P1", "inspect")
async def counts_say_that_it_is_paused(stage: Env) -> None:
    one, other = await stage.clients(2)
    await stage.enqueue_ok(one, message("a"))
    for paused in (False, True, False):
        if paused:
            await one.pause("q")
        else:
            await other.resume("q")
        counts = await other.counts("q")
        stage.expect((counts.ready, counts.paused), (1, paused), "ready jobs of its queue, and whether that is paused")


@check("P1")
async def settles_and_extends_go_on(stage: Env) -> None:
    client = await stage.client()
    ids = ["done", "kept", "released", "retried"]
    await stage.enqueue_ok(client, *map(message, ids))
    done, kept, released, retried = await stage.reserve_ok(client, *ids)
    await client.pause("q")
    stage.expect(words_of(await client.extend([Extension(kept.token, HOUR)])), ["extended"], "extend while paused")
    settlements: list[Settlement] = [Done(done.token), Release(released.token), RetryAt(retried.token, after=0)]
    stage.expect(await client.settle(settlements), [Settled()] * 3, "settles while paused")
    stage.expect(await client.reserve(["q"], limit=5, lease=MINUTE), [], "reserve of what was given back meanwhile")
    stage.expect(await client.settle([Done(kept.token)]), [Settled()], "settle of what was extended")
    await client.resume("q")
    stage.expect(sorted(await stage.drain(client)), ["released", "retried"], "what is granted once it was resumed")


@check("P1", "dead_letters")
async def the_dead_go_on(stage: Env) -> None:
    client = await stage.client()
    await stage.enqueue_ok(client, message("a"))
    (held,) = await stage.reserve_ok(client, "a")
    await client.pause("q")
    stage.expect(await client.settle([Dead(held.token, "why")]), [Settled()], "settle as dead while paused")
    stage.expect(words_of(await client.requeue(["a"])), ["requeued"], "requeue while paused")
    stage.expect(await client.reserve(["q"], limit=1, lease=MINUTE), [], "reserve of what was requeued meanwhile")
    await client.resume("q")
    stage.expect(await stage.drain(client), ["a"], "what is granted once it was resumed")


@check("P1", "cancel")
async def cancels_go_on(stage: Env) -> None:
    client = await stage.client()
    await stage.enqueue_ok(client, message("leased"))
    await stage.reserve_ok(client, "leased")
    await stage.enqueue_ok(client, message("ready"))
    await client.pause("q")
    stage.expect(await client.cancel(["ready", "leased"]), [Cancelled(), CancelPending()], "cancel while paused")
    await client.resume("q")
    stage.expect(await stage.drain(client), [], "what is granted once it was resumed")


@check("P1", "clock")
async def leases_run_out_and_are_kept_from_others(stage: Env) -> None:
    client = await stage.client()
    await stage.enqueue_ok(client, message("lost"), message("kept"))
    _, kept = await stage.reserve_ok(client, "lost", "kept", lease=HOUR)
    await client.pause("q")
    (outcome,) = await client.extend([Extension(kept.token, 3 * HOUR)])
    stage.check(isinstance(outcome, Extended), f"extend while paused answered {outcome}")
    await stage.advance(2 * HOUR)
    stage.expect(await client.reserve(["q"], limit=5, lease=MINUTE), [], "reserve after a lease that ran out meanwhile")
    await client.resume("q")
    again = await stage.granted(client, "reserve once it was resumed")
    stage.expect((again.message.id, again.attempt), ("lost", 2), "what is granted, in which attempt")
    stage.expect(await client.reserve(["q"], limit=5, lease=MINUTE), [], "reserve of what is leased still")


@check("P1", "delay", "clock")
async def what_became_due_meanwhile_comes_in_its_order(stage: Env) -> None:
    client = await stage.client()
    await client.pause("q")
    await stage.enqueue_ok(client, message("later", after=2 * HOUR), message("sooner", after=HOUR))
    await stage.advance(3 * HOUR)
    stage.expect(await client.reserve(["q"], limit=5, lease=MINUTE), [], "reserve of what became due meanwhile")
    await client.resume("q")
    stage.expect(await stage.drain(client), ["sooner", "later"], "what is granted once it was resumed")


@check("P1")
async def twice_is_once(stage: Env) -> None:
    client = await stage.client()
    await client.resume("q")
    await client.pause("q")
    await client.pause("q")
    await stage.enqueue_ok(client, message("a"))
    stage.expect(await client.reserve(["q"], limit=1, lease=MINUTE), [], "reserve of a queue that was paused empty")
    await client.resume("q")
    stage.expect(await stage.drain(client), ["a"], "what is granted when a queue paused twice is resumed once")
    await client.resume("q")
    await client.pause("q")
    await stage.enqueue_ok(client, message("b"))
    stage.expect(await stage.drain(client), [], "what is granted when a queue resumed twice is paused once")


@check("P1")
async def a_drained_queue_stays_paused(stage: Env) -> None:
    client = await stage.client()
    await stage.enqueue_ok(client, message("last"))
    (held,) = await stage.reserve_ok(client, "last")
    await client.pause("q")
    await stage.settled(client, Done(held.token))
    stage.require(await client.reserve(["q", "r"], limit=1, lease=MINUTE) == [], "an empty queue granted something")
    await stage.enqueue_ok(client, message("next"))
    stage.expect(await stage.drain(client), [], "what is granted of a queue whose last job ended while it was paused")


@check("P1")
async def no_other_queue_is_paused(stage: Env) -> None:
    client = await stage.client()
    names = list(dict.fromkeys(["q", "q2", "Q", *ODD_NAMES]))
    await stage.enqueue_ok(client, *(message(name, queue=name) for name in names))
    for name in names:
        await client.pause(name)
        batches: list[list[Delivery]] = []
        while found := await client.reserve(names, limit=min(50, stage.capabilities.max_batch), lease=HOUR):
            batches.append(found)
        granted = sorted(id for batch in batches for id in ids_of(batch))
        others = sorted(other for other in names if other != name)
        stage.expect(granted, others, f"what is granted of other queues while {name!r} is paused")
        for batch in batches:
            await stage.settled(client, *(Release(held.token) for held in batch))
        await client.resume(name)
    stage.expect(sorted(await stage.drain(client, names)), sorted(names), "what is granted when none is paused")


@check("P1")
async def no_other_namespace_is_paused(stage: Env) -> None:
    one, other = await stage.client(), await stage.client(f"{stage.namespace}-other")
    await stage.enqueue_ok(one, message("a"))
    await stage.enqueue_ok(other, message("a"))
    await one.pause("q")
    stage.expect(await stage.drain(other), ["a"], "what is granted of the same queue in another namespace")
    stage.expect(await stage.drain(one), [], "what is granted of the paused one")


@check("P1", "wait")
async def who_waits_is_granted_nothing_of_it(stage: Env) -> None:
    client, waiter = await stage.client(own_time=True), await stage.client(own_time=True)
    call = waiter.reserve(["q", "r"], limit=5, lease=HOUR, wait=WAIT)
    task = await stage.waiting(call)
    await client.pause("q")
    await stage.enqueue_ok(client, message("paused"))
    await stage.enqueue_ok(client, message("open", queue="r"))
    what = "a reserve that waited for two queues, one of which is paused"
    found = await stage.within(task, what, within=stage.profile.patience)
    stage.expect(ids_of(found), ["open"], "what a reserve is granted that waited since before one queue was paused")


@check("P1", "wait")
async def resuming_wakes_those_who_wait(stage: Env) -> None:
    client, *waiters = [await stage.client(own_time=True) for _ in range(4)]
    await client.pause("q")
    await stage.enqueue_ok(client, *(message(f"m{number}") for number in range(3)))
    calls = [waiter.reserve(["q"], limit=1, lease=HOUR, wait=WAIT) for waiter in waiters]
    tasks = [await stage.waiting(call) for call in calls]
    stage.check(not any(task.done() for task in tasks), "a reserve of a paused queue does not wait")
    await client.resume("q")
    what = "reserves that waited for a queue that was resumed"
    found = await stage.within(asyncio.gather(*tasks), what, within=stage.profile.patience)
    stage.expect(sorted(id for each in found for id in ids_of(each)), ["m0", "m1", "m2"], "what they are granted")


@check("P1", "wait")
async def a_wait_for_a_paused_queue_ends_in_time(stage: Env) -> None:
    client = await stage.client(own_time=True)
    await stage.enqueue_ok(client, message("a"))
    await client.pause("q")
    found = await stage.within(client.reserve(["q"], limit=1, lease=HOUR, wait=50), "a reserve that waits for 50 ms")
    stage.expect(found, [], "a reserve of a paused queue, once its wait is over")


@check("P1", "durable", "hook:restart")
async def a_queue_is_paused_across_a_restart(stage: Env) -> None:
    client = await stage.client()
    await stage.enqueue_ok(client, message("a"), message("b", queue="r"))
    await client.pause("q")
    await client.pause("r")
    await client.resume("r")
    await stage.restart()
    other = await stage.client()
    stage.expect(
        await stage.drain(other, ["q", "r"]), ["b"], "what is granted after a restart, of a paused queue first"
    )
    await other.resume("q")
    stage.expect(await stage.drain(other), ["a"], "what is granted once it was resumed")
