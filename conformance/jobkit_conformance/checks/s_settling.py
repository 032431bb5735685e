"""S: how a delivery ends, and what is left of the job then."""

from __future__ import annotations

import asyncio

from jobkit.backend import (
    Accepted,
    Counts,
    Dead,
    Done,
    Duplicate,
    NotFound,
    Release,
    Requeued,
    RetryAt,
    Settled,
    Settlement,
    Stale,
)
from jobkit.lifecycle import State
from jobkit_conformance.checks.registry import check
from jobkit_conformance.env import DAY, HOUR, MINUTE, NOISE, Env, ids_of, message
from jobkit_conformance.history.recording import RecordingBackend

REASONS = (
    "",
    "why",
    "TypeError: x\n  File 'a.py', line 1\n",
    "ünï → 日本 \U0001f600",
    "\x00\x1f\x7f\x85",
    "% {0} {x} * ' \" \\ \r\n$-1",
    "0123",
    "null",
    "x" * 20_000,
)


@check("S1")
async def done_is_the_end(env: Env) -> None:
    client, other = await env.clients(2)
    await env.enqueue_ok(client, message())
    (held,) = await env.reserve_ok(client, "a")
    env.expect(await client.settle([Done(held.token)]), [Settled()], "settle as done")
    env.expect(await other.reserve(["q"], limit=1, lease=MINUTE), [], "reserve after that")
    (again,) = await other.enqueue([message(body=b"new")])
    env.check(isinstance(again, Accepted), f"the id of a job that was done answered {again}")


@check("S1", "clock")
async def done_stays_the_end(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message())
    (held,) = await env.reserve_ok(client, "a")
    await env.settled(client, Done(held.token))
    for _ in range(3):
        await env.advance(DAY)
        env.expect(await client.reserve(["q"], limit=1, lease=MINUTE), [], "reserve days later")


@check("S1", "inspect")
async def nothing_is_left_of_what_is_done(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message())
    (held,) = await env.reserve_ok(client, "a")
    await env.settled(client, Done(held.token))
    env.expect(await client.get(["a"]), [NotFound()], "get")
    env.expect(await client.counts("q"), Counts(), "counts of its queue")
    env.expect(await client.queues(), [], "the queues")
    env.expect(await client.delete(["a"]), [NotFound()], "delete")


@check("S2")
async def a_retried_message_is_there_once(env: Env) -> None:
    client, *others = await env.clients(4)
    ids = [f"m{number}" for number in range(10)]
    await env.enqueue_ok(client, *map(message, ids))
    held = await env.reserve_ok(client, *ids, lease=HOUR)
    granted: list[str] = []

    async def look(other: RecordingBackend) -> None:
        granted.extend(ids_of(await other.reserve(["q"], limit=10, lease=HOUR)))

    retries = [env.settled(client, RetryAt(delivery.token, after=0)) for delivery in held]
    calls = [*retries, *(look(other) for other in others for _ in range(5))]
    env.random.shuffle(calls)
    await asyncio.gather(*calls)
    granted += await env.drain(client, lease=HOUR)
    env.expect(sorted(granted), ids, "what is granted while ten jobs are settled to be retried, and after that")


@check("S2", "inspect")
async def a_retried_message_is_counted_once_all_along(env: Env) -> None:
    client, other = await env.clients(2)
    ids = [f"m{number}" for number in range(10)]
    await env.enqueue_ok(client, *map(message, ids))
    held = await env.reserve_ok(client, *ids, lease=HOUR)
    seen: list[Counts] = []

    async def look() -> None:
        seen.append(await other.counts("q"))

    retries = [env.settled(client, RetryAt(delivery.token, after=0)) for delivery in held]
    calls = [*retries, *(look() for _ in range(30))]
    env.random.shuffle(calls)
    await asyncio.gather(*calls)
    for counts in seen:
        env.expect(counts.ready + counts.leased, 10, f"how many there are while ten are settled ({counts})")


@check("S3")
async def a_retry_is_not_early(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message())
    (held,) = await env.reserve_ok(client, "a")
    await env.settled(client, RetryAt(held.token, after=HOUR))
    env.expect(await client.reserve(["q"], limit=1, lease=MINUTE), [], "reserve right after the retry")
    await env.advance(2 * MINUTE)
    env.expect(await client.reserve(["q"], limit=1, lease=MINUTE), [], "reserve after the lease that it had")
    await env.advance(HOUR - 2 * MINUTE - max(1, env.tolerance))
    env.expect(await client.reserve(["q"], limit=1, lease=MINUTE), [], "reserve just before its time")
    await env.advance(max(1, env.tolerance))
    env.require(ids_of(await client.reserve(["q"], limit=1, lease=MINUTE)) == ["a"], "not granted at its time")


@check("S3")
async def a_retry_at_an_instant_is_not_early(env: Env) -> None:
    client = await env.client()
    (accepted,) = await env.enqueue_ok(client, message())
    (held,) = await env.reserve_ok(client, "a")
    await env.settled(client, RetryAt(held.token, at=accepted.due + HOUR + env.tolerance))
    await env.advance(HOUR - 1)
    env.expect(await client.reserve(["q"], limit=1, lease=MINUTE), [], "reserve before the instant of its retry")


@check("S3")
async def a_late_retry_counts_from_its_settle(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message())
    (held,) = await env.reserve_ok(client, "a")
    await env.advance(DAY)
    await env.settled(client, RetryAt(held.token, after=HOUR))
    env.expect(await client.reserve(["q"], limit=1, lease=MINUTE), [], "reserve right after the retry")
    await env.advance(HOUR - max(1, env.tolerance))
    env.expect(await client.reserve(["q"], limit=1, lease=MINUTE), [], "reserve within an hour of the settle")


@check("S4")
async def a_released_message_is_there_at_once(env: Env) -> None:
    client, other = await env.clients(2)
    await env.enqueue_ok(client, message())
    (held,) = await env.reserve_ok(client, "a", lease=HOUR)
    env.expect(await client.settle([Release(held.token)]), [Settled()], "release")
    env.expect(ids_of(await other.reserve(["q"], limit=1, lease=MINUTE)), ["a"], "reserve right after it")


@check("S5")
async def the_dead_are_kept_as_they_died(env: Env) -> None:
    client = await env.client()
    sent = message(body=bytes(range(256)), headers={"job": "x"}, key="k" if env.capabilities.keys else None)
    await env.enqueue_ok(client, sent)
    (first,) = await env.reserve_ok(client, "a")
    await env.settled(client, RetryAt(first.token, after=0))
    await env.dead_letter(client, "a", reason="because")
    found = await env.stored(client, "a")
    env.expect((found.message, found.state), (sent, State.DEAD), "message and state")
    env.expect((found.attempt, found.reason), (2, "because"), "attempt and reason")
    page = await client.peek("q", State.DEAD)
    env.expect([job.message for job in page.jobs], [sent], "the dead ones that are listed")
    env.expect((await client.counts("q")).dead, 1, "how many dead ones are counted")
    env.expect(await client.reserve(["q"], limit=1, lease=MINUTE), [], "reserve")


@check("S5")
async def any_reason_is_kept(env: Env) -> None:
    client = await env.client()
    for place, reason in enumerate((*REASONS, "a lone surrogate: \udcff")):
        await env.enqueue_ok(client, message(f"m{place}"))
        (held,) = await env.reserve_ok(client, f"m{place}")
        env.expect(
            await client.settle([Dead(held.token, reason)]), [Settled()], f"settle as dead because {reason[:40]!r}"
        )
        found = await env.stored(client, f"m{place}")
        env.check(found.reason == reason, f"the reason {reason[:40]!r} came back as {(found.reason or '')[:40]!r}")


@check("S6")
async def a_requeued_job_begins_again(env: Env) -> None:
    client, other = await env.clients(2)
    await env.enqueue_ok(client, message())
    for _ in range(2):
        (held,) = await env.reserve_ok(client, "a")
        await env.settled(client, RetryAt(held.token, after=0))
    await env.dead_letter(client, "a")
    env.expect(await client.requeue(["a"]), [Requeued()], "requeue of a dead job")
    again = await env.granted(other, "reserve after a requeue")
    env.expect(again.attempt, 1, "the attempt after a requeue")
    env.check(again.number > 3, f"the delivery number after three deliveries and a requeue is {again.number}")
    env.expect(await client.requeue(["a"]), [NotFound()], "requeue of a job that is live")
    env.expect(await client.requeue(["b"]), [NotFound()], "requeue of no job")


@check("S6", "delay", "clock")
async def a_requeued_job_is_due_now(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message(after=HOUR))
    await env.advance(HOUR + env.tolerance)
    await env.dead_letter(client, "a")
    await env.advance(DAY)
    env.expect(await client.requeue(["a"]), [Requeued()], "requeue of a job that once was delayed")
    env.expect(ids_of(await client.reserve(["q"], limit=1, lease=MINUTE)), ["a"], "reserve right after that")


@check("S6", "inspect")
async def a_requeued_job_has_no_reason(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message())
    await env.dead_letter(client, "a")
    await client.requeue(["a"])
    found = await env.stored(client, "a")
    env.expect((found.state, found.reason), (State.READY, None), "state and reason of a requeued job")
    env.expect((await client.counts("q")).dead, 0, "how many dead ones are counted")


@check("S7")
async def what_retention_drops_is_gone_altogether(env: Env) -> None:
    client = await env.client()
    retention = env.capabilities.retention or 0
    await env.enqueue_ok(client, message())
    await env.dead_letter(client, "a")
    await env.advance(retention - max(1, env.tolerance))
    env.expect((await env.stored(client, "a")).reason, "why", "the reason of a dead job just before it is dropped")
    await env.advance(max(1, env.tolerance) + NOISE)
    await _is_gone(env, client)


async def _is_gone(env: Env, client: RecordingBackend) -> None:
    env.expect(await client.requeue(["a"]), [NotFound()], "requeue of a dead job that was dropped")
    env.expect(await client.get(["a"]), [NotFound()], "get of it")
    env.expect(await client.counts("q"), Counts(), "counts of its queue")
    env.expect((await client.peek("q", State.DEAD)).jobs, [], "the dead ones that are listed")
    (again,) = await client.enqueue([message(body=b"new")])
    env.check(isinstance(again, Accepted), f"its id answered {again}")


@check("S8")
async def a_token_settles_once(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message("a"), message("b"))
    one, two = await env.reserve_ok(client, "a", "b")
    env.expect(await client.settle([Done(one.token)]), [Settled()], "settle")
    env.expect(await client.settle([Done(one.token)]), [Stale()], "the same settle again")
    answer = await client.settle([Release(two.token), Done(two.token)])
    env.expect(answer, [Settled(), Stale()], "one token twice in a batch")
    env.expect(ids_of(await client.reserve(["q"], limit=2, lease=MINUTE)), ["b"], "reserve after that")


@check("S8", "dead_letters")
async def the_dead_are_settled_once(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message())
    (held,) = await env.reserve_ok(client, "a")
    env.expect(
        await client.settle([Dead(held.token, "why"), Done(held.token)]), [Settled(), Stale()], "dead, then done"
    )
    env.expect(await client.requeue(["a"]), [Requeued()], "requeue of it")
    env.expect(await client.settle([Dead(held.token, "why")]), [Stale()], "dead with that token, after the requeue")


@check("S9")
async def a_stale_item_does_not_spoil_its_batch(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message("a"), message("b"), message("c"))
    one, two, three = await env.reserve_ok(client, "a", "b", "c")
    await env.settled(client, Done(one.token))
    batch: list[Settlement] = [Done(one.token), Done(two.token), Done("no token")]
    batch += [Release(three.token), Release(one.token)]
    expected = [Stale(), Settled(), Stale(), Settled(), Stale()]
    env.expect(await client.settle(batch), expected, "settle of a batch with three stale tokens")
    env.expect(ids_of(await client.reserve(["q"], limit=5, lease=MINUTE)), ["c"], "reserve after that")
    known = [isinstance(outcome, Duplicate) for outcome in await client.enqueue([message("b"), message("c")])]
    env.expect(known, [False, True], "whether b and c are live")
