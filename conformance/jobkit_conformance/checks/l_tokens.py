"""L, tokens: who holds a lease, how often it was granted, and what an old token is worth."""

from __future__ import annotations

import asyncio

from jobkit.backend import (
    Dead,
    Done,
    Extension,
    Release,
    Requeued,
    RetryAt,
    Settled,
    Settlement,
    Stale,
)
from jobkit_conformance.checks.registry import check
from jobkit_conformance.env import DAY, HOUR, MINUTE, Env, ids_of, message


@check("L2")
async def attempts_count_crashes_and_not_releases(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message())
    seen: list[int] = []
    for step in ("crash", "release", "crash", "retry", "release", "release", "crash"):
        (held,) = await env.reserve_ok(client, "a")
        seen.append(held.attempt)
        if step == "crash":
            await env.advance(2 * MINUTE)
        else:
            await env.settled(client, Release(held.token) if step == "release" else RetryAt(held.token, after=0))
    (held,) = await env.reserve_ok(client, "a")
    expected = [1, 2, 2, 3, 4, 4, 4, 5]
    env.expect([*seen, held.attempt], expected, "attempts: crash, release, crash, retry, release, release, crash")


@check("L2")
async def a_reply_that_nobody_got_counts(env: Env) -> None:
    client, other = await env.clients(2)
    await env.enqueue_ok(client, message())
    reserving = asyncio.create_task(client.backend.reserve(["q"], limit=1, lease=MINUTE))
    await asyncio.sleep(0.05)
    env.require(reserving.done(), "reserve did not answer")
    del reserving
    await env.advance(2 * MINUTE)
    (found,) = await env.reserve_ok(other, "a")
    env.expect(found.attempt, 2, "the attempt of the second delivery, when nobody saw the first")


@check("L3")
async def delivery_numbers_grow(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message())
    numbers: list[int] = []
    for turn in range(6):
        (held,) = await env.reserve_ok(client, "a")
        numbers.append(held.number)
        await env.settled(client, Release(held.token) if turn % 2 else RetryAt(held.token, after=0))
    env.check(numbers == sorted(set(numbers)), f"numbers were {numbers}")


@check("L3", "dead_letters")
async def delivery_numbers_go_on_after_a_requeue(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message())
    numbers: list[int] = []
    for _ in range(3):
        (held,) = await env.reserve_ok(client, "a")
        numbers.append(held.number)
        await env.settled(client, Dead(held.token, "why"))
        env.require(await client.requeue(["a"]) == [Requeued()], "requeue did not revive the dead job")
    env.check(numbers == sorted(set(numbers)), f"numbers over two requeues were {numbers}")


@check("L4")
async def no_token_is_issued_twice(env: Env) -> None:
    clients = await env.clients(3)
    tokens: list[str] = []
    for turn in range(20):
        await env.enqueue_ok(clients[0], *(message(f"m{number}") for number in range(10)))
        client = clients[turn % 3]
        found = await client.reserve(["q"], limit=10, lease=MINUTE)
        tokens += [delivery.token for delivery in found]
        await env.settled(client, *(Release(delivery.token) for delivery in found))
        found = await client.reserve(["q"], limit=10, lease=MINUTE)
        tokens += [delivery.token for delivery in found]
        await env.settled(client, *(Done(delivery.token) for delivery in found))
    env.require(len(tokens) == 400, "not all were granted")
    env.expect(len(set(tokens)), 400, "how many of 400 tokens differ")
    env.check(min(map(len, tokens)) >= 16, f"a token like {min(tokens, key=len)!r} can't hold 96 random bits")


@check("L4")
async def a_token_is_no_function_of_its_job(env: Env) -> None:
    seen: set[str] = set()
    for suffix in "abc":
        client = await env.client(f"{env.namespace}{suffix}")
        await env.enqueue_ok(client, message())
        (held,) = await env.reserve_ok(client, "a")
        env.check(held.token not in seen, f"equal jobs in two namespaces got the same token {held.token!r}")
        seen.add(held.token)


@check("L4", "hook:restart", "durable")
async def a_restart_repeats_no_token(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message("a"), message("b"))
    one = await env.granted(client, "reserve", lease=HOUR)
    await env.restart()
    other = await env.granted(await env.client(), "reserve after a restart", lease=HOUR)
    env.check(one.token != other.token, "the first tokens before and after a restart are the same")


@check("L5")
async def a_stale_settle_changes_nothing_and_says_so(env: Env) -> None:
    slow, quick = await env.clients(2)
    await env.enqueue_ok(slow, message())
    (lost,) = await env.reserve_ok(slow, "a")
    await env.advance(2 * MINUTE)
    (held,) = await env.reserve_ok(quick, "a", lease=HOUR)
    settlements: list[Settlement] = [Done(lost.token), Release(lost.token), RetryAt(lost.token, after=0)]
    settlements += [Dead(lost.token, "why")] if env.capabilities.dead_letters else []
    for settlement in settlements:
        how = type(settlement).__name__
        env.expect(await slow.settle([settlement]), [Stale()], f"{how} with the token that was superseded")
        env.expect(await slow.reserve(["q"], limit=1, lease=MINUTE), [], f"reserve after that {how}")
    env.expect(await quick.settle([Done(held.token)]), [Settled()], "settle by the one who holds it")


@check("L5")
async def a_stale_extend_changes_nothing_and_says_so(env: Env) -> None:
    slow, quick = await env.clients(2)
    await env.enqueue_ok(slow, message())
    (lost,) = await env.reserve_ok(slow, "a")
    await env.advance(2 * MINUTE)
    await env.reserve_ok(quick, "a", lease=HOUR)
    env.expect(await slow.extend([Extension(lost.token, DAY)]), [Stale()], "extend with the token that was superseded")
    await env.advance(HOUR + env.tolerance)
    found = await quick.reserve(["q"], limit=1, lease=MINUTE)
    env.expect(ids_of(found), ["a"], "reserve when the lease ends that the extend was not for")


@check("L5")
async def a_token_that_was_never_issued_is_stale(env: Env) -> None:
    client = await env.client()
    for token in ("", "x", "0" * 24, "a:1", "é", "*"):
        env.expect(await client.settle([Done(token)]), [Stale()], f"settle with the token {token!r}")
        env.expect(await client.extend([Extension(token, MINUTE)]), [Stale()], f"extend with the token {token!r}")


@check("L6")
async def a_late_settle_is_accepted_until_somebody_else_has_it(env: Env) -> None:
    client, other = await env.clients(2)
    await env.enqueue_ok(client, message("a"), message("b", queue="r"))
    (late,) = await env.reserve_ok(client, "a")
    (later,) = await env.reserve_ok(client, "b", queue="r")
    await env.advance(30 * DAY)
    env.expect(await client.settle([Done(late.token)]), [Settled()], "settle a month after the lease's end")
    env.expect(await other.reserve(["q"], limit=1, lease=MINUTE), [], "reserve after that")
    await env.reserve_ok(other, "b", queue="r")
    env.expect(await client.settle([Done(later.token)]), [Stale()], "settle after somebody else was granted the job")


@check("L6")
async def of_a_settle_and_a_reserve_one_wins(env: Env) -> None:
    slow, quick, other = await env.clients(3)
    for turn in range(30):
        queue, name = f"q{turn}", f"m{turn}"
        await env.enqueue_ok(slow, message(name, queue=queue))
        (held,) = await env.reserve_ok(slow, name, queue=queue)
        await env.advance(2 * MINUTE)
        settling, reserving = slow.settle([Done(held.token)]), quick.reserve([queue], limit=1, lease=MINUTE)
        if turn % 2:
            (outcome,), granted = await asyncio.gather(settling, reserving)
        else:
            granted, (outcome,) = await asyncio.gather(reserving, settling)
        settled = outcome == Settled()
        env.expect(len(granted), 0 if settled else 1, f"grants beside a settle that answered {outcome}")
        if settled:
            left = await other.reserve([queue], limit=1, lease=MINUTE)
            env.expect(left, [], "reserve after a settle as done that was accepted")


@check("L6", "dead_letters")
async def nothing_is_delivered_after_it_was_settled_dead(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message())
    (held,) = await env.reserve_ok(client, "a")
    await env.advance(2 * MINUTE)
    env.expect(await client.settle([Dead(held.token, "why")]), [Settled()], "settle as dead after the lease's end")
    await env.advance(DAY)
    env.expect(await client.reserve(["q"], limit=1, lease=MINUTE), [], "reserve after that")
