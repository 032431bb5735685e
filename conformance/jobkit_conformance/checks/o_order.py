"""O: who is granted first."""

from __future__ import annotations

from jobkit.backend import Accepted, Release, RetryAt
from jobkit_conformance.checks.hosts import host_clock_off_by
from jobkit_conformance.checks.paths import Along, on_every_path
from jobkit_conformance.checks.registry import check
from jobkit_conformance.env import HOUR, MINUTE, Env, ids_of, message
from jobkit_conformance.history.recording import RecordingBackend


@check("O1", "fifo")
async def equals_are_granted_in_the_order_of_acceptance(stage: Env) -> None:
    client, other = await stage.clients(2)
    names = [f"m{number:02}" for number in (7, 3, 9, 1, 8, 2, 6, 10, 0, 4)]
    await stage.enqueue_ok(client, *(message(name) for name in names[:4]))
    for name in names[4:7]:
        await stage.enqueue_ok(other, message(name))
    await stage.enqueue_ok(client, *(message(name) for name in names[7:]))
    stage.expect(await stage.drain(other, limit=4), names, "the order of the deliveries")


@check("O1", "fifo", "delay", "clock")
async def equal_due_times_keep_the_order_of_acceptance(stage: Env) -> None:
    client = await stage.client()
    (probe,) = await stage.enqueue_ok(client, message("probe", queue="probe"))
    names = [f"m{number:02}" for number in (7, 3, 9, 1, 8, 2)]
    for name in names:
        await stage.enqueue_ok(client, message(name, at=probe.due + HOUR))
    await stage.advance(HOUR)
    held = {delivery.message.id: delivery for delivery in await stage.reserve_ok(client, *names)}
    stage.require(len(held) == len(names), "not all were granted")
    for name in sorted(names):
        await stage.settled(client, RetryAt(held[name].token, at=probe.due + 2 * HOUR))
    await stage.advance(HOUR)
    stage.expect(await stage.drain(client), names, "the order in which equals come that were retried in another order")


@check("O1", "priority")
async def the_higher_priority_is_granted_first(stage: Env) -> None:
    client = await stage.client()
    lowest, highest = stage.capabilities.priority or (0, 0)
    levels = range(lowest, highest + 1)[:12]
    shuffled = stage.random.sample(levels, len(levels))
    await stage.enqueue_ok(client, *(message(f"p{level}", priority=level) for level in shuffled))
    expected = [f"p{level}" for level in reversed(levels)]
    stage.expect(await stage.drain(client, limit=3), expected, "the order of the deliveries")


@check("O1", "clock")
async def the_earlier_since_is_granted_first(stage: Env) -> None:
    client = await stage.client()
    await stage.enqueue_ok(client, message("old"))
    await stage.advance(MINUTE)
    (held,) = await stage.reserve_ok(client, "old")
    await stage.enqueue_ok(client, message("new"))
    await stage.advance(MINUTE)
    await stage.settled(client, Release(held.token))
    await stage.advance(MINUTE)
    await stage.enqueue_ok(client, message("newest"))
    expected = ["new", "old", "newest"]
    stage.expect(await stage.drain(client), expected, "the order, one having been released between two enqueues")


@check("O1", "delay", "clock")
async def who_falls_due_earlier_is_granted_first(stage: Env) -> None:
    client = await stage.client()
    await stage.enqueue_ok(client, message("c", after=3 * MINUTE), message("a", after=MINUTE))
    await stage.advance(2 * MINUTE)
    await stage.enqueue_ok(client, message("b"))
    await stage.advance(2 * MINUTE)
    await stage.enqueue_ok(client, message("d", at=0))
    stage.expect(await stage.drain(client), ["a", "b", "c", "d"], "the order of two delayed, one now, one past due")


@check("O1", "clock")
async def after_a_crash_the_lease_end_counts(stage: Env) -> None:
    client = await stage.client()
    await stage.enqueue_ok(client, message("crashed"))
    await stage.reserve_ok(client, "crashed", lease=2 * MINUTE)
    await stage.advance(MINUTE)
    await stage.enqueue_ok(client, message("before its lease's end"))
    await stage.advance(2 * MINUTE)
    await stage.enqueue_ok(client, message("after it"))
    expected = ["before its lease's end", "crashed", "after it"]
    stage.expect(await stage.drain(client), expected, "the order of one that crashed among others")


@check("O1")
async def the_earlier_queue_is_granted_first(stage: Env) -> None:
    client = await stage.client()
    levels = stage.capabilities.priority or (0, 0)
    await stage.enqueue_ok(
        client, message("z1", queue="z", priority=levels[0]), message("a1", queue="a", priority=levels[1])
    )
    await stage.enqueue_ok(client, message("z2", queue="z", priority=levels[0]), message("m1", queue="m"))
    found = await stage.drain(client, ["z", "m", "a"], limit=3)
    stage.expect(
        [id[0] for id in found], ["z", "z", "m", "a"], "the queues in which the deliveries are, of z then m then a"
    )


@check("O2")
async def acceptance_times_do_not_run_backwards(stage: Env) -> None:
    clients = await stage.clients(3)
    dues: list[int] = []
    for number in range(60):
        (accepted,) = await stage.enqueue_ok(clients[number % 3], message(f"m{number}"))
        dues.append(accepted.due)
    stage.expect(dues, sorted(dues), "when sixty messages were accepted by three clients in turn")


@check("O2")
async def a_host_clock_put_back_does_not_put_back_the_store(stage: Env) -> None:
    dues = [await _due(stage, await stage.client(own_time=True), "before")]
    with host_clock_off_by(-3600):
        dues.append(await _due(stage, await stage.client(own_time=True), "meanwhile"))
    dues.append(await _due(stage, await stage.client(own_time=True), "after"))
    stage.expect(dues, sorted(dues), "when three were accepted, the host's clock put back an hour for the second")


async def _due(stage: Env, client: RecordingBackend, id: str) -> int:
    (accepted,) = await client.enqueue([message(id)])
    stage.require(isinstance(accepted, Accepted), f"enqueue answered {accepted}")
    return accepted.due if isinstance(accepted, Accepted) else 0


@on_every_path("O3")
async def priority_is_kept(stage: Env, along: Along) -> None:
    client = await stage.client()
    lowest, highest = stage.capabilities.priority or (0, 0)
    for level in sorted({lowest, 0, highest}):
        found = (await along(stage, client, message(f"p{level}", priority=level))).message
        stage.expect(found.priority, level, "the priority that was delivered")


@on_every_path("O3")
async def priority_still_ranks(stage: Env, along: Along) -> None:
    client = await stage.client()
    lowest, highest = stage.capabilities.priority or (0, 0)
    held = await along(stage, client, message("high", priority=highest))
    await stage.enqueue_ok(client, message("low", priority=lowest))
    await stage.settled(client, RetryAt(held.token, after=0))
    found = await client.reserve(["q"], limit=2, lease=MINUTE)
    stage.expect(ids_of(found), ["high", "low"], "the order of the highest, retried once more, and the lowest")
