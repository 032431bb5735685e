"""X: what cancelling ends, and when."""

from __future__ import annotations

from jobkit.backend import (
    Accepted,
    Cancelled,
    CancelPending,
    CancelRequested,
    Dead,
    Done,
    Duplicate,
    Extension,
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
from jobkit_conformance.env import DAY, HOUR, MINUTE, Env, ids_of, message
from jobkit_conformance.history.recording import RecordingBackend


@check("X1")
async def a_ready_job_is_gone_at_once(env: Env) -> None:
    client, other = await env.clients(2)
    await env.enqueue_ok(client, message("a"), message("b"))
    env.expect(await client.cancel(["a"]), [Cancelled()], "cancel of a ready job")
    env.expect(await env.drain(other), ["b"], "what is granted after that")
    env.expect(await client.cancel(["a"]), [NotFound()], "cancel of it once more")
    (again,) = await client.enqueue([message("a", body=b"new")])
    env.check(isinstance(again, Accepted), f"its id answered {again}")


@check("X1", "delay", "clock")
async def a_scheduled_job_is_gone_for_good(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message(after=HOUR))
    env.expect(await client.cancel(["a"]), [Cancelled()], "cancel of a scheduled job")
    await client.close()
    await env.advance(2 * HOUR)
    other = await env.client()
    env.expect(await env.drain(other), [], "what is granted when it would have been due")


@check("X1", "clock")
async def a_job_whose_lease_ran_out_is_ready(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message())
    (lost,) = await env.reserve_ok(client, "a")
    await env.advance(2 * MINUTE)
    env.expect(await client.cancel(["a"]), [Cancelled()], "cancel of a job whose lease ran out")
    env.expect(await client.settle([Done(lost.token)]), [Stale()], "settle of its last delivery")
    env.expect(await env.drain(client), [], "what is granted after that")


@check("X1")
async def a_retried_job_is_gone_at_once(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message())
    (held,) = await env.reserve_ok(client, "a")
    await env.settled(client, RetryAt(held.token, after=0))
    env.expect(await client.cancel(["a"]), [Cancelled()], "cancel of a job that is to be retried")
    env.expect(await env.drain(client), [], "what is granted after that")


@check("X1", "inspect")
async def a_cancelled_job_is_not_seen(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message("a"), message("b"))
    await client.cancel(["a"])
    env.expect(await client.get(["a"]), [NotFound()], "get of a cancelled job")
    env.expect((await client.counts("q")).ready, 1, "how many are ready")
    env.expect([job.message.id for job in (await client.peek("q", State.READY)).jobs], ["b"], "who is listed")


@check("X1", "dead_letters")
async def the_dead_are_not_cancelled(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message())
    await env.dead_letter(client, "a")
    env.expect(await client.cancel(["a"]), [NotFound()], "cancel of a dead job")
    env.expect(await client.requeue(["a"]), [Requeued()], "requeue of it")


async def _marked(env: Env, client: RecordingBackend, lease: int = HOUR) -> str:
    """A leased job that was cancelled; the token."""
    await env.enqueue_ok(client, message("a", key="k" if env.capabilities.keys else None))
    (held,) = await env.reserve_ok(client, "a", lease=lease)
    env.expect(await client.cancel(["a"]), [CancelPending()], "cancel of a leased job")
    return held.token


async def _key_is_free(env: Env, client: RecordingBackend) -> None:
    if env.capabilities.keys:
        (other,) = await client.enqueue([message("other", queue="other", key="k")])
        env.check(isinstance(other, Accepted), f"another job with its key answered {other}")


@check("X2")
async def each_extend_extends_and_tells(env: Env) -> None:
    client, other = await env.clients(2)
    token = await _marked(env, client)
    for _ in range(3):
        await env.advance(HOUR // 2)
        (outcome,) = await client.extend([Extension(token, HOUR)])
        env.check(isinstance(outcome, CancelRequested), f"extend of a cancelled job answered {outcome}")
    env.expect(await other.cancel(["a"]), [CancelPending()], "cancel once more, after the end of the first lease")
    env.expect(await other.reserve(["q"], limit=1, lease=MINUTE), [], "reserve within the extended lease")
    env.expect(await client.settle([Done(token)]), [Settled()], "settle as done")


@check("X2")
async def done_ends_it_as_done(env: Env) -> None:
    client = await env.client()
    token = await _marked(env, client)
    env.expect(await client.settle([Done(token)]), [Settled()], "settle of a cancelled job as done")
    await _is_over(env, client, token)


@check("X2")
async def every_other_settle_ends_it_too(env: Env) -> None:
    client = await env.client()
    hows: list[Settlement] = [Release(""), RetryAt("", after=0)]
    hows += [Dead("", "why")] if env.capabilities.dead_letters else []
    for how in hows:
        token = await _marked(env, client)
        env.expect(
            await client.settle([_with(how, token)]), [Settled()], f"settle of a cancelled job as {type(how).__name__}"
        )
        await _is_over(env, client, token)
        await client.cancel(["a", "other"])


def _with(how: Settlement, token: str) -> Settlement:
    match how:
        case RetryAt():
            return RetryAt(token, after=0)
        case Dead():
            return Dead(token, "why")
        case _:
            return Release(token)


async def _is_over(env: Env, client: RecordingBackend, token: str) -> None:
    env.expect(await client.reserve(["q"], limit=1, lease=MINUTE), [], "reserve after that")
    env.expect(await client.settle([Done(token)]), [Stale()], "settle with its token after that")
    if env.capabilities.dead_letters:
        env.expect(await client.requeue(["a"]), [NotFound()], "requeue after that")
    await _key_is_free(env, client)
    (again,) = await client.enqueue([message("a", body=b"new")])
    env.check(isinstance(again, Accepted), f"its id answered {again}")


@check("X2")
async def at_its_lease_s_end_it_is_over_by_itself(env: Env) -> None:
    client, other = await env.clients(2)
    token = await _marked(env, client)
    await env.advance(HOUR - max(1, env.tolerance))
    again = await other.enqueue([message("a", key="k" if env.capabilities.keys else None)])
    env.expect(again, [Duplicate()], "the same job just before the lease's end")
    await env.advance(max(1, env.tolerance))
    env.expect(await other.reserve(["q"], limit=1, lease=MINUTE), [], "reserve at the lease's end")
    env.expect(await client.settle([Done(token)]), [Stale()], "settle at the lease's end")
    env.expect(await client.extend([Extension(token, MINUTE)]), [Stale()], "extend at the lease's end")
    await _is_over(env, client, token)


@check("X2", "keys")
async def at_its_lease_s_end_the_key_is_free_before_anybody_looks(env: Env) -> None:
    client = await env.client()
    await _marked(env, client)
    await env.advance(HOUR)
    await _key_is_free(env, client)


@check("X2", "inspect")
async def it_counts_as_leased_until_then(env: Env) -> None:
    client = await env.client()
    await _marked(env, client)
    found = await env.stored(client, "a")
    env.expect((found.state, found.cancelled), (State.LEASED, True), "state and mark of a cancelled leased job")
    env.expect((await client.counts("q")).leased, 1, "how many are leased")
    await env.advance(HOUR)
    env.expect(await client.get(["a"]), [NotFound()], "get of it at its lease's end")
    env.expect((await client.counts("q")).leased, 0, "how many are leased then")


@check("X2")
async def it_is_never_granted_again(env: Env) -> None:
    client = await env.client()
    await _marked(env, client, lease=MINUTE)
    await client.close()
    other = await env.client()
    for _ in range(4):
        await env.advance(MINUTE // 2)
        env.expect(ids_of(await other.reserve(["q"], limit=1, lease=MINUTE)), [], "reserve around the lease's end")
    await env.advance(30 * DAY)
    env.expect(ids_of(await other.reserve(["q"], limit=1, lease=MINUTE)), [], "reserve a month later")


@check("X3")
async def cancelling_nothing_has_no_later_effect(env: Env) -> None:
    client = await env.client()
    env.expect(await client.cancel(["a", "b"]), [NotFound(), NotFound()], "cancel of ids that are not there")
    await env.enqueue_ok(client, message("a"))
    env.expect(ids_of(await client.reserve(["q"], limit=1, lease=MINUTE)), ["a"], "reserve of a job with such an id")


@check("X3", "clock")
async def cancelling_what_ended_has_no_later_effect(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message())
    (held,) = await env.reserve_ok(client, "a")
    await env.settled(client, Done(held.token))
    env.expect(await client.cancel(["a"]), [NotFound()], "cancel of a job that is done")
    await env.advance(HOUR)
    await env.enqueue_ok(client, message())
    (held,) = await env.reserve_ok(client, "a")
    (extended,) = await client.extend([Extension(held.token, MINUTE)])
    env.check(not isinstance(extended, CancelRequested), f"extend of the new job answered {extended}")
    await env.advance(2 * MINUTE)
    env.expect(ids_of(await client.reserve(["q"], limit=1, lease=MINUTE)), ["a"], "reserve after the new job's lease")
