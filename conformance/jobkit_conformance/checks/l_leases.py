"""L, leases: from when they count, and what their end is."""

from __future__ import annotations

from jobkit.backend import (
    Done,
    Extended,
    Extension,
    LeaseExpired,
    Release,
    RetryAt,
    Settled,
)
from jobkit_conformance.checks.registry import check
from jobkit_conformance.env import DAY, HOUR, MINUTE, Env, ids_of, message


@check("L1")
async def a_lease_that_ran_out_frees_its_message(env: Env) -> None:
    client, other = await env.clients(2)
    await env.enqueue_ok(client, message())
    await env.reserve_ok(client, "a", lease=HOUR)
    await env.advance(HOUR - max(1, env.tolerance))
    env.require(await other.reserve(["q"], limit=1, lease=MINUTE) == [], "granted within the lease")
    await env.advance(max(1, env.tolerance))
    env.expect(ids_of(await other.reserve(["q"], limit=1, lease=MINUTE)), ["a"], "reserve at the lease's end")


@check("L1")
async def nobody_has_to_look_for_years(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message())
    await env.reserve_ok(client, "a")
    await client.close()
    await env.advance(3 * 365 * DAY)
    other = await env.client()
    env.expect(ids_of(await other.reserve(["q"], limit=1, lease=MINUTE)), ["a"], "the first call in three years")


@check("L1")
async def five_hundred_come_back_at_once(env: Env) -> None:
    clients = await env.clients(10)
    ids = [f"m{number:03}" for number in range(500)]
    await env.enqueue_ok(clients[0], *map(message, ids))
    for client in clients:
        await env.drain(client, lease=MINUTE, limit=50)
    await env.advance(MINUTE + env.tolerance)
    other = await env.client()
    env.expect(sorted(await env.drain(other, limit=100)), ids, "what one client is granted after all leases")


@check("L1")
async def each_lease_runs_out_on_its_own(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message("short"), message("long", queue="r"), message("longest", queue="s"))
    for queue, lease in (("q", MINUTE), ("r", HOUR), ("s", DAY)):
        await client.reserve([queue], limit=1, lease=lease)
    queues = ["q", "r", "s"]
    for step, expected in ((MINUTE, "short"), (HOUR - MINUTE, "long"), (DAY - HOUR, "longest")):
        await env.advance(step + env.tolerance)
        found = await client.reserve(queues, limit=10, lease=10 * DAY)
        env.expect(ids_of(found), [expected], "what comes back when the shortest lease that is left ends")


@check("L7")
async def an_ended_lease_is_not_extended(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message())
    (held,) = await env.reserve_ok(client, "a", lease=HOUR)
    await env.advance(HOUR - max(1, env.tolerance))
    (extended,) = await client.extend([Extension(held.token, HOUR)])
    env.require(isinstance(extended, Extended), f"extend within the lease answered {extended}")
    await env.advance(HOUR + env.tolerance)
    env.expect(await client.extend([Extension(held.token, HOUR)]), [LeaseExpired()], "extend at the lease's end")
    env.expect(await client.settle([Done(held.token)]), [Settled()], "settle after it, since nobody took the job")


@check("L7")
async def an_extend_that_was_refused_keeps_nobody_away(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message())
    (held,) = await env.reserve_ok(client, "a")
    await env.advance(2 * MINUTE)
    env.expect(await client.extend([Extension(held.token, DAY)]), [LeaseExpired()], "extend after the lease's end")
    env.expect(ids_of(await client.reserve(["q"], limit=1, lease=MINUTE)), ["a"], "reserve after that")


@check("L8")
async def every_attempt_has_its_full_lease(env: Env) -> None:
    client, other = await env.clients(2)
    await env.enqueue_ok(client, message())
    await env.reserve_ok(client, "a", lease=MINUTE)
    await env.advance(HOUR)
    (held,) = await env.reserve_ok(client, "a", lease=HOUR)
    await env.advance(HOUR - max(1, env.tolerance))
    env.expect(await other.reserve(["q"], limit=1, lease=MINUTE), [], "reserve within the second attempt's lease")
    await env.settled(client, RetryAt(held.token, after=0))
    await env.reserve_ok(client, "a", lease=HOUR)
    await env.advance(HOUR - max(1, env.tolerance))
    env.expect(await other.reserve(["q"], limit=1, lease=MINUTE), [], "reserve within the third attempt's lease")


@check("L8")
async def an_extended_lease_counts_from_the_extension(env: Env) -> None:
    client, other = await env.clients(2)
    await env.enqueue_ok(client, message())
    (held,) = await env.reserve_ok(client, "a", lease=HOUR)
    await env.advance(HOUR // 2)
    await client.extend([Extension(held.token, HOUR)])
    await env.advance(HOUR - max(1, env.tolerance))
    env.expect(await other.reserve(["q"], limit=1, lease=MINUTE), [], "reserve within an hour of the extension")
    await env.advance(max(1, env.tolerance))
    env.expect(ids_of(await other.reserve(["q"], limit=1, lease=MINUTE)), ["a"], "reserve an hour after the extension")


@check("L8")
async def an_extension_may_be_an_earlier_end(env: Env) -> None:
    client, other = await env.clients(2)
    await env.enqueue_ok(client, message())
    (held,) = await env.reserve_ok(client, "a", lease=DAY)
    await client.extend([Extension(held.token, MINUTE)])
    await env.advance(MINUTE + env.tolerance)
    env.expect(ids_of(await other.reserve(["q"], limit=1, lease=MINUTE)), ["a"], "reserve at the earlier end")


@check("L9")
async def who_crashes_goes_to_the_back(env: Env) -> None:
    client = await env.client()
    ids = [f"m{number}" for number in range(8)]
    for id in ids:
        await env.enqueue_ok(client, message(id))
        await env.advance(MINUTE)
    order: list[str] = []
    for _ in ids:
        order += ids_of(await client.reserve(["q"], limit=1, lease=MINUTE))
        await env.advance(MINUTE + env.tolerance)
    env.expect(sorted(order), ids, "eight grants, each worker crashing, of eight that are due")


@check("L9")
async def who_is_released_or_retried_goes_to_the_back(env: Env) -> None:
    client = await env.client()
    ids = [f"m{number}" for number in range(6)]
    for id in ids:
        await env.enqueue_ok(client, message(id))
        await env.advance(MINUTE)
    order: list[str] = []
    for turn in range(len(ids)):
        for held in await client.reserve(["q"], limit=1, lease=HOUR):
            order.append(held.message.id)
            await env.settled(client, Release(held.token) if turn % 2 else RetryAt(held.token, after=0))
        await env.advance(MINUTE)
    env.expect(sorted(order), ids, "six grants, each given back, of six that are due")


@check("L10")
async def the_stated_end_is_the_enforced_one(env: Env) -> None:
    client, other = await env.clients(2)
    (accepted,) = await env.enqueue_ok(client, message())
    (held,) = await env.reserve_ok(client, "a", lease=HOUR)
    off = held.lease_end - accepted.due - HOUR
    env.check(0 <= off <= env.tolerance, f"the lease ends {off:+} ms from where it should")
    await env.advance(held.lease_end - accepted.due - max(1, env.tolerance))
    env.expect(await other.reserve(["q"], limit=1, lease=MINUTE), [], "reserve just before the stated end")
    await env.advance(max(1, env.tolerance))
    env.expect(ids_of(await other.reserve(["q"], limit=1, lease=MINUTE)), ["a"], "reserve at the stated end")


@check("L10")
async def the_end_that_extend_states_is_the_enforced_one(env: Env) -> None:
    client, other = await env.clients(2)
    (accepted,) = await env.enqueue_ok(client, message())
    (held,) = await env.reserve_ok(client, "a", lease=MINUTE)
    (extended,) = await client.extend([Extension(held.token, HOUR)])
    end = extended.end if isinstance(extended, Extended) else 0
    off = end - accepted.due - HOUR
    env.check(0 <= off <= env.tolerance, f"the extended lease ends {off:+} ms from where it should")
    await env.advance(HOUR - max(1, env.tolerance))
    env.expect(await other.reserve(["q"], limit=1, lease=MINUTE), [], "reserve just before the stated end")
    await env.advance(max(1, env.tolerance))
    env.expect(ids_of(await other.reserve(["q"], limit=1, lease=MINUTE)), ["a"], "reserve at the stated end")
