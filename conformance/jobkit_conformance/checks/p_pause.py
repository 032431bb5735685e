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
async def a_paused_queue_grants_nothing(env: Env) -> None:
    one, other = await env.clients(2)
    await env.enqueue_ok(one, message("before"))
    await one.pause("q")
    (outcome,) = await one.enqueue([message("meanwhile")])
    env.check(isinstance(outcome, Accepted), f"enqueue to a paused queue answered {outcome}")
    for client in (one, other, await env.client()):
        env.expect(await client.reserve(["q"], limit=5, lease=MINUTE), [], "reserve of a paused queue")
    await other.resume("q")
    env.expect(sorted(await env.drain(one)), ["before", "meanwhile"], "what is granted once it was resumed")


@check("P1")
async def a_reserve_across_queues_skips_it(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message("p", queue="p"), message("q"), message("r", queue="r"))
    await client.pause("q")
    found = await client.reserve(["p", "q", "r"], limit=5, lease=MINUTE)
    env.expect(ids_of(found), ["p", "r"], "reserve of three queues, of which the second is paused")
    await client.resume("q")
    env.expect(await env.drain(client, ["p", "q", "r"]), ["q"], "what is granted once it was resumed")


@check("P1", "inspect")
async def counts_say_that_it_is_paused(env: Env) -> None:
    one, other = await env.clients(2)
    await env.enqueue_ok(one, message("a"))
    for paused in (False, True, False):
        if paused:
            await one.pause("q")
        else:
            await other.resume("q")
        counts = await other.counts("q")
        env.expect((counts.ready, counts.paused), (1, paused), "ready jobs of its queue, and whether that is paused")


@check("P1")
async def settles_and_extends_go_on(env: Env) -> None:
    client = await env.client()
    ids = ["done", "kept", "released", "retried"]
    await env.enqueue_ok(client, *map(message, ids))
    done, kept, released, retried = await env.reserve_ok(client, *ids)
    await client.pause("q")
    env.expect(words_of(await client.extend([Extension(kept.token, HOUR)])), ["extended"], "extend while paused")
    settlements: list[Settlement] = [Done(done.token), Release(released.token), RetryAt(retried.token, after=0)]
    env.expect(await client.settle(settlements), [Settled()] * 3, "settles while paused")
    env.expect(await client.reserve(["q"], limit=5, lease=MINUTE), [], "reserve of what was given back meanwhile")
    env.expect(await client.settle([Done(kept.token)]), [Settled()], "settle of what was extended")
    await client.resume("q")
    env.expect(sorted(await env.drain(client)), ["released", "retried"], "what is granted once it was resumed")


@check("P1", "dead_letters")
async def the_dead_go_on(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message("a"))
    (held,) = await env.reserve_ok(client, "a")
    await client.pause("q")
    env.expect(await client.settle([Dead(held.token, "why")]), [Settled()], "settle as dead while paused")
    env.expect(words_of(await client.requeue(["a"])), ["requeued"], "requeue while paused")
    env.expect(await client.reserve(["q"], limit=1, lease=MINUTE), [], "reserve of what was requeued meanwhile")
    await client.resume("q")
    env.expect(await env.drain(client), ["a"], "what is granted once it was resumed")


@check("P1", "cancel")
async def cancels_go_on(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message("leased"))
    await env.reserve_ok(client, "leased")
    await env.enqueue_ok(client, message("ready"))
    await client.pause("q")
    env.expect(await client.cancel(["ready", "leased"]), [Cancelled(), CancelPending()], "cancel while paused")
    await client.resume("q")
    env.expect(await env.drain(client), [], "what is granted once it was resumed")


@check("P1", "clock")
async def leases_run_out_and_are_kept_from_others(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message("lost"), message("kept"))
    _, kept = await env.reserve_ok(client, "lost", "kept", lease=HOUR)
    await client.pause("q")
    (outcome,) = await client.extend([Extension(kept.token, 3 * HOUR)])
    env.check(isinstance(outcome, Extended), f"extend while paused answered {outcome}")
    await env.advance(2 * HOUR)
    env.expect(await client.reserve(["q"], limit=5, lease=MINUTE), [], "reserve after a lease that ran out meanwhile")
    await client.resume("q")
    again = await env.granted(client, "reserve once it was resumed")
    env.expect((again.message.id, again.attempt), ("lost", 2), "what is granted, in which attempt")
    env.expect(await client.reserve(["q"], limit=5, lease=MINUTE), [], "reserve of what is leased still")


@check("P1", "delay", "clock")
async def what_became_due_meanwhile_comes_in_its_order(env: Env) -> None:
    client = await env.client()
    await client.pause("q")
    await env.enqueue_ok(client, message("later", after=2 * HOUR), message("sooner", after=HOUR))
    await env.advance(3 * HOUR)
    env.expect(await client.reserve(["q"], limit=5, lease=MINUTE), [], "reserve of what became due meanwhile")
    await client.resume("q")
    env.expect(await env.drain(client), ["sooner", "later"], "what is granted once it was resumed")


@check("P1")
async def twice_is_once(env: Env) -> None:
    client = await env.client()
    await client.resume("q")
    await client.pause("q")
    await client.pause("q")
    await env.enqueue_ok(client, message("a"))
    env.expect(await client.reserve(["q"], limit=1, lease=MINUTE), [], "reserve of a queue that was paused empty")
    await client.resume("q")
    env.expect(await env.drain(client), ["a"], "what is granted when a queue paused twice is resumed once")
    await client.resume("q")
    await client.pause("q")
    await env.enqueue_ok(client, message("b"))
    env.expect(await env.drain(client), [], "what is granted when a queue resumed twice is paused once")


@check("P1")
async def a_drained_queue_stays_paused(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message("last"))
    (held,) = await env.reserve_ok(client, "last")
    await client.pause("q")
    await env.settled(client, Done(held.token))
    env.require(await client.reserve(["q", "r"], limit=1, lease=MINUTE) == [], "an empty queue granted something")
    await env.enqueue_ok(client, message("next"))
    env.expect(await env.drain(client), [], "what is granted of a queue whose last job ended while it was paused")


@check("P1")
async def no_other_queue_is_paused(env: Env) -> None:
    client = await env.client()
    names = list(dict.fromkeys(["q", "q2", "Q", *ODD_NAMES]))
    await env.enqueue_ok(client, *(message(name, queue=name) for name in names))
    for name in names:
        await client.pause(name)
        batches: list[list[Delivery]] = []
        while found := await client.reserve(names, limit=min(50, env.capabilities.max_batch), lease=HOUR):
            batches.append(found)
        granted = sorted(id for batch in batches for id in ids_of(batch))
        others = sorted(other for other in names if other != name)
        env.expect(granted, others, f"what is granted of other queues while {name!r} is paused")
        for batch in batches:
            await env.settled(client, *(Release(held.token) for held in batch))
        await client.resume(name)
    env.expect(sorted(await env.drain(client, names)), sorted(names), "what is granted when none is paused")


@check("P1")
async def no_other_namespace_is_paused(env: Env) -> None:
    one, other = await env.client(), await env.client(f"{env.namespace}-other")
    await env.enqueue_ok(one, message("a"))
    await env.enqueue_ok(other, message("a"))
    await one.pause("q")
    env.expect(await env.drain(other), ["a"], "what is granted of the same queue in another namespace")
    env.expect(await env.drain(one), [], "what is granted of the paused one")


@check("P1", "wait")
async def who_waits_is_granted_nothing_of_it(env: Env) -> None:
    client, waiter = await env.client(own_time=True), await env.client(own_time=True)
    call = waiter.reserve(["q", "r"], limit=5, lease=HOUR, wait=WAIT)
    task = await env.waiting(call)
    await client.pause("q")
    await env.enqueue_ok(client, message("paused"))
    await env.enqueue_ok(client, message("open", queue="r"))
    what = "a reserve that waited for two queues, one of which is paused"
    found = await env.within(task, what, within=env.profile.patience)
    env.expect(ids_of(found), ["open"], "what a reserve is granted that waited since before one queue was paused")


@check("P1", "wait")
async def resuming_wakes_those_who_wait(env: Env) -> None:
    client, *waiters = [await env.client(own_time=True) for _ in range(4)]
    await client.pause("q")
    await env.enqueue_ok(client, *(message(f"m{number}") for number in range(3)))
    calls = [waiter.reserve(["q"], limit=1, lease=HOUR, wait=WAIT) for waiter in waiters]
    tasks = [await env.waiting(call) for call in calls]
    env.check(not any(task.done() for task in tasks), "a reserve of a paused queue does not wait")
    await client.resume("q")
    what = "reserves that waited for a queue that was resumed"
    found = await env.within(asyncio.gather(*tasks), what, within=env.profile.patience)
    env.expect(sorted(id for each in found for id in ids_of(each)), ["m0", "m1", "m2"], "what they are granted")


@check("P1", "wait")
async def a_wait_for_a_paused_queue_ends_in_time(env: Env) -> None:
    client = await env.client(own_time=True)
    await env.enqueue_ok(client, message("a"))
    await client.pause("q")
    found = await env.within(client.reserve(["q"], limit=1, lease=HOUR, wait=50), "a reserve that waits for 50 ms")
    env.expect(found, [], "a reserve of a paused queue, once its wait is over")


@check("P1", "durable", "hook:restart")
async def a_queue_is_paused_across_a_restart(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message("a"), message("b", queue="r"))
    await client.pause("q")
    await client.pause("r")
    await client.resume("r")
    await env.restart()
    other = await env.client()
    env.expect(await env.drain(other, ["q", "r"]), ["b"], "what is granted after a restart, of a paused queue first")
    await other.resume("q")
    env.expect(await env.drain(other), ["a"], "what is granted once it was resumed")
