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
async def attempts_count_crashes_and_not_releases(stage: Env) -> None:
    client = await stage.client()
    await stage.enqueue_ok(client, message())
    seen: list[int] = []
    for step in ("crash", "release", "crash", "retry", "release", "release", "crash"):
        (held,) = await stage.reserve_ok(client, "a")
        seen.append(held.attempt)
        if step == "crash":
            await stage.advance(2 * MINUTE)
        else:
            await stage.settled(client, Release(held.token) if step == "release" else RetryAt(held.token, after=0))
    (held,) = await stage.reserve_ok(client, "a")
    expected = [1, 2, 2, 3, 4, 4, 4, 5]
    stage.expect([*seen, held.attempt], expected, "attempts: crash, release, crash, retry, release, release, crash")


@check("L2")
async def a_reply_that_nobody_got_counts(stage: Env) -> None:
    client, other = await stage.clients(2)
    await stage.enqueue_ok(client, message())
    reserving = asyncio.create_task(client.backend.reserve(["q"], limit=1, lease=MINUTE))
    await asyncio.sleep(0.05)
    stage.require(reserving.done(), "reserve did not answer")
    del reserving
    await stage.advance(2 * MINUTE)
    (found,) = await stage.reserve_ok(other, "a")
    stage.expect(found.attempt, 2, "the attempt of the second delivery, when nobody saw the first")


@check("L3")
async def delivery_numbers_grow(stage: Env) -> None:
    client = await stage.client()
    await stage.enqueue_ok(client, message())
    numbers: list[int] = []
    for turn in range(6):
        (held,) = await stage.reserve_ok(client, "a")
        numbers.append(held.number)
        await stage.settled(client, Release(held.token) if turn % 2 else RetryAt(held.token, after=0))
    stage.check(numbers == sorted(set(numbers)), f"numbers were {numbers}")


@check("L3", "dead_letters")
async def delivery_numbers_go_on_after_a_requeue(stage: Env) -> None:
    client = await stage.client()
    await stage.enqueue_ok(client, message())
    numbers: list[int] = []
    for _ in range(3):
        (held,) = await stage.reserve_ok(client, "a")
        numbers.append(held.number)
        await stage.settled(client, Dead(held.token, "why"))
        stage.require(await client.requeue(["a"]) == [Requeued()], "requeue did not revive the dead job")
    stage.check(numbers == sorted(set(numbers)), f"numbers over two requeues were {numbers}")


@check("L4")
async def no_token_is_issued_twice(stage: Env) -> None:
    clients = await stage.clients(3)
    tokens: list[str] = []
    for turn in range(20):
        await stage.enqueue_ok(clients[0], *(message(f"m{number}") for number in range(10)))
        client = clients[turn % 3]
        found = await client.reserve(["q"], limit=10, lease=MINUTE)
        tokens += [delivery.token for delivery in found]
        await stage.settled(client, *(Release(delivery.token) for delivery in found))
        found = await client.reserve(["q"], limit=10, lease=MINUTE)
        tokens += [delivery.token for delivery in found]
        await stage.settled(client, *(Done(delivery.token) for delivery in found))
    stage.require(len(tokens) == 400, "not all were granted")
    stage.expect(len(set(tokens)), 400, "how many of 400 tokens differ")
    stage.check(min(map(len, tokens)) >= 16, f"a token like {min(tokens, key=len)!r} can't hold 96 random bits")


@check("L4")
async def a_token_is_no_function_of_its_job(stage: Env) -> None:
    seen: set[str] = set()
    for suffix in "abc":
        client = await stage.client(f"{stage.namespace}{suffix}")
        await stage.enqueue_ok(client, message())
        (held,) = await stage.reserve_ok(client, "a")
        stage.check(held.token not in seen, f"equal jobs in two namespaces got the same token {held.token!r}")
        seen.add(held.token)


@check("L4", "hook:restart", "durable")
async def a_restart_repeats_no_token(stage: Env) -> None:
    client = await stage.client()
    await stage.enqueue_ok(client, message("a"), message("b"))
    one = await stage.granted(client, "reserve", lease=HOUR)
    await stage.restart()
    other = await stage.granted(await stage.client(), "reserve after a restart", lease=HOUR)
    stage.check(one.token != other.token, "the first tokens before and after a restart are the same")


@check("L5")
async def a_stale_settle_changes_nothing_and_says_so(stage: Env) -> None:
    slow, quick = await stage.clients(2)
    await stage.enqueue_ok(slow, message())
    (lost,) = await stage.reserve_ok(slow, "a")
    await stage.advance(2 * MINUTE)
    (held,) = await stage.reserve_ok(quick, "a", lease=HOUR)
    settlements: list[Settlement] = [Done(lost.token), Release(lost.token), RetryAt(lost.token, after=0)]
    settlements += [Dead(lost.token, "why")] if stage.capabilities.dead_letters else []
    for settlement in settlements:
        how = type(settlement).__name__
        stage.expect(await slow.settle([settlement]), [Stale()], f"{how} with the token that was superseded")
        stage.expect(await slow.reserve(["q"], limit=1, lease=MINUTE), [], f"reserve after that {how}")
    stage.expect(await quick.settle([Done(held.token)]), [Settled()], "settle by the one who holds it")


@check("L5")
async def a_stale_extend_changes_nothing_and_says_so(stage: Env) -> None:
    slow, quick = await stage.clients(2)
    await stage.enqueue_ok(slow, message())
    (lost,) = await stage.reserve_ok(slow, "a")
    await stage.advance(2 * MINUTE)
    await stage.reserve_ok(quick, "a", lease=HOUR)
    stage.expect(
        await slow.extend([Extension(lost.token, DAY)]), [Stale()], "extend with the token that was superseded"
    )
    await stage.advance(HOUR + stage.tolerance)
    found = await quick.reserve(["q"], limit=1, lease=MINUTE)
    stage.expect(ids_of(found), ["a"], "reserve when the lease ends that the extend was not for")


@check("L5")
async def a_token_that_was_never_issued_is_stale(stage: Env) -> None:
    client = await stage.client()
    for token in ("", "x", "0" * 24, "a:1", "é", "*"):
        stage.expect(await client.settle([Done(token)]), [Stale()], f"settle with the token {token!r}")
        stage.expect(await client.extend([Extension(token, MINUTE)]), [Stale()], f"extend with the token {token!r}")


@check("L6")
async def a_late_settle_is_accepted_until_somebody_else_has_it(stage: Env) -> None:
    client, other = await stage.clients(2)
    await stage.enqueue_ok(client, message("a"), message("b", queue="r"))
    (late,) = await stage.reserve_ok(client, "a")
    (later,) = await stage.reserve_ok(client, "b", queue="r")
    await stage.advance(30 * DAY)
    stage.expect(await client.settle([Done(late.token)]), [Settled()], "settle a month after the lease's end")
    stage.expect(await other.reserve(["q"], limit=1, lease=MINUTE), [], "reserve after that")
    await stage.reserve_ok(other, "b", queue="r")
    stage.expect(await client.settle([Done(later.token)]), [Stale()], "settle after somebody else was granted the job")


@check("L6")
async def of_a_settle_and_a_reserve_one_wins(stage: Env) -> None:
    slow, quick, other = await stage.clients(3)
    for turn in range(30):
        queue, name = f"q{turn}", f"m{turn}"
        await stage.enqueue_ok(slow, message(name, queue=queue))
        (held,) = await stage.reserve_ok(slow, name, queue=queue)
        await stage.advance(2 * MINUTE)
        settling, reserving = slow.settle([Done(held.token)]), quick.reserve([queue], limit=1, lease=MINUTE)
        if turn % 2:
            (outcome,), granted = await asyncio.gather(settling, reserving)
        else:
            granted, (outcome,) = await asyncio.gather(reserving, settling)
        settled = outcome == Settled()
        stage.expect(len(granted), 0 if settled else 1, f"grants beside a settle that answered {outcome}")
        if settled:
            left = await other.reserve([queue], limit=1, lease=MINUTE)
            stage.expect(left, [], "reserve after a settle as done that was accepted")


@check("L6", "dead_letters")
async def nothing_is_delivered_after_it_was_settled_dead(stage: Env) -> None:
    client = await stage.client()
    await stage.enqueue_ok(client, message())
    (held,) = await stage.reserve_ok(client, "a")
    await stage.advance(2 * MINUTE)
    stage.expect(await client.settle([Dead(held.token, "why")]), [Settled()], "settle as dead after the lease's end")
    await stage.advance(DAY)
    stage.expect(await client.reserve(["q"], limit=1, lease=MINUTE), [], "reserve after that")
