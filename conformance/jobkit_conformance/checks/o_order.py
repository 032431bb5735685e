"""O: who is granted first."""

from __future__ import annotations

from jobkit.backend import Accepted, Release, RetryAt
from jobkit_conformance.checks.hosts import host_clock_off_by
from jobkit_conformance.checks.paths import Along, on_every_path
from jobkit_conformance.checks.registry import check
from jobkit_conformance.env import HOUR, MINUTE, Env, ids_of, message
from jobkit_conformance.history.recording import RecordingBackend


@check("O1", "fifo")
async def equals_are_granted_in_the_order_of_acceptance(env: Env) -> None:
    client, other = await env.clients(2)
    names = [f"m{number:02}" for number in (7, 3, 9, 1, 8, 2, 6, 10, 0, 4)]
    await env.enqueue_ok(client, *(message(name) for name in names[:4]))
    for name in names[4:7]:
        await env.enqueue_ok(other, message(name))
    await env.enqueue_ok(client, *(message(name) for name in names[7:]))
    env.expect(await env.drain(other, limit=4), names, "the order of the deliveries")


@check("O1", "fifo", "delay", "clock")
async def equal_due_times_keep_the_order_of_acceptance(env: Env) -> None:
    client = await env.client()
    (probe,) = await env.enqueue_ok(client, message("probe", queue="probe"))
    names = [f"m{number:02}" for number in (7, 3, 9, 1, 8, 2)]
    for name in names:
        await env.enqueue_ok(client, message(name, at=probe.due + HOUR))
    await env.advance(HOUR)
    held = {delivery.message.id: delivery for delivery in await env.reserve_ok(client, *names)}
    env.require(len(held) == len(names), "not all were granted")
    for name in sorted(names):
        await env.settled(client, RetryAt(held[name].token, at=probe.due + 2 * HOUR))
    await env.advance(HOUR)
    env.expect(await env.drain(client), names, "the order in which equals come that were retried in another order")


@check("O1", "priority")
async def the_higher_priority_is_granted_first(env: Env) -> None:
    client = await env.client()
    lowest, highest = env.capabilities.priority or (0, 0)
    levels = range(lowest, highest + 1)[:12]
    shuffled = env.random.sample(levels, len(levels))
    await env.enqueue_ok(client, *(message(f"p{level}", priority=level) for level in shuffled))
    expected = [f"p{level}" for level in reversed(levels)]
    env.expect(await env.drain(client, limit=3), expected, "the order of the deliveries")


@check("O1", "clock")
async def the_earlier_since_is_granted_first(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message("old"))
    await env.advance(MINUTE)
    (held,) = await env.reserve_ok(client, "old")
    await env.enqueue_ok(client, message("new"))
    await env.advance(MINUTE)
    await env.settled(client, Release(held.token))
    await env.advance(MINUTE)
    await env.enqueue_ok(client, message("newest"))
    expected = ["new", "old", "newest"]
    env.expect(await env.drain(client), expected, "the order, one having been released between two enqueues")


@check("O1", "delay", "clock")
async def who_falls_due_earlier_is_granted_first(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message("c", after=3 * MINUTE), message("a", after=MINUTE))
    await env.advance(2 * MINUTE)
    await env.enqueue_ok(client, message("b"))
    await env.advance(2 * MINUTE)
    await env.enqueue_ok(client, message("d", at=0))
    env.expect(await env.drain(client), ["a", "b", "c", "d"], "the order of two delayed, one now, one past due")


@check("O1", "clock")
async def after_a_crash_the_lease_end_counts(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message("crashed"))
    await env.reserve_ok(client, "crashed", lease=2 * MINUTE)
    await env.advance(MINUTE)
    await env.enqueue_ok(client, message("before its lease's end"))
    await env.advance(2 * MINUTE)
    await env.enqueue_ok(client, message("after it"))
    expected = ["before its lease's end", "crashed", "after it"]
    env.expect(await env.drain(client), expected, "the order of one that crashed among others")


@check("O1")
async def the_earlier_queue_is_granted_first(env: Env) -> None:
    client = await env.client()
    levels = env.capabilities.priority or (0, 0)
    await env.enqueue_ok(
        client, message("z1", queue="z", priority=levels[0]), message("a1", queue="a", priority=levels[1])
    )
    await env.enqueue_ok(client, message("z2", queue="z", priority=levels[0]), message("m1", queue="m"))
    found = await env.drain(client, ["z", "m", "a"], limit=3)
    env.expect(
        [id[0] for id in found], ["z", "z", "m", "a"], "the queues in which the deliveries are, of z then m then a"
    )


@check("O2")
async def acceptance_times_do_not_run_backwards(env: Env) -> None:
    clients = await env.clients(3)
    dues: list[int] = []
    for number in range(60):
        (accepted,) = await env.enqueue_ok(clients[number % 3], message(f"m{number}"))
        dues.append(accepted.due)
    env.expect(dues, sorted(dues), "when sixty messages were accepted by three clients in turn")


@check("O2")
async def a_host_clock_put_back_does_not_put_back_the_store(env: Env) -> None:
    dues = [await _due(env, await env.client(own_time=True), "before")]
    with host_clock_off_by(-3600):
        dues.append(await _due(env, await env.client(own_time=True), "meanwhile"))
    dues.append(await _due(env, await env.client(own_time=True), "after"))
    env.expect(dues, sorted(dues), "when three were accepted, the host's clock put back an hour for the second")


async def _due(env: Env, client: RecordingBackend, id: str) -> int:
    (accepted,) = await client.enqueue([message(id)])
    env.require(isinstance(accepted, Accepted), f"enqueue answered {accepted}")
    return accepted.due if isinstance(accepted, Accepted) else 0


@on_every_path("O3")
async def priority_is_kept(env: Env, along: Along) -> None:
    client = await env.client()
    lowest, highest = env.capabilities.priority or (0, 0)
    for level in sorted({lowest, 0, highest}):
        found = (await along(env, client, message(f"p{level}", priority=level))).message
        env.expect(found.priority, level, "the priority that was delivered")


@on_every_path("O3")
async def priority_still_ranks(env: Env, along: Along) -> None:
    client = await env.client()
    lowest, highest = env.capabilities.priority or (0, 0)
    held = await along(env, client, message("high", priority=highest))
    await env.enqueue_ok(client, message("low", priority=lowest))
    await env.settled(client, RetryAt(held.token, after=0))
    found = await client.reserve(["q"], limit=2, lease=MINUTE)
    env.expect(ids_of(found), ["high", "low"], "the order of the highest, retried once more, and the lowest")
