"""I, looking: what is seen is so, and seeing it changes nothing."""

from __future__ import annotations

from jobkit.backend import (
    Counts,
    Delivery,
    Done,
    Extension,
    Release,
    RetryAt,
    Stored,
)
from jobkit.lifecycle import State
from jobkit_conformance.checks.registry import check
from jobkit_conformance.env import HOUR, MINUTE, Env, ids_of, message
from jobkit_conformance.history.recording import RecordingBackend


async def _is(env: Env, client: RecordingBackend, when: str, state: State | None, attempt: int = 0) -> None:
    """See that a job is in one state, and that get and counts agree on it."""
    (found,) = await client.get(["a"])
    seen = (found.state, found.attempt) if isinstance(found, Stored) else None
    env.expect(seen, None if state is None else (state, attempt), f"get {when}")
    counts = await client.counts("q")
    counted = {each for each in State if getattr(counts, each.value)}
    expected: set[State] = set() if state is None else {state}
    env.expect(counted, expected, f"the states that are counted {when}")
    listed = {each for each in State if (await client.peek("q", each)).jobs}
    env.expect(listed, counted, f"the states in which peek lists it {when}")


@check("I1")
async def get_and_counts_follow_every_verb(env: Env) -> None:
    client = await env.client()
    await _is(env, client, "of nothing", None)
    await env.enqueue_ok(client, message())
    await _is(env, client, "of a new job", State.READY)
    (held,) = await env.reserve_ok(client, "a", lease=HOUR)
    await _is(env, client, "of a job that a worker has", State.LEASED, held.attempt)
    await env.settled(client, Release(held.token))
    await _is(env, client, "of a released job", State.READY, held.attempt)
    (held,) = await env.reserve_ok(client, "a", lease=HOUR)
    await env.settled(client, RetryAt(held.token, after=0))
    await _is(env, client, "of a job that is to be retried", State.READY, held.attempt)
    (held,) = await env.reserve_ok(client, "a", lease=HOUR)
    await env.settled(client, Done(held.token))
    await _is(env, client, "of a job that is done", None)


@check("I1", "clock")
async def get_and_counts_follow_the_clock(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message())
    (held,) = await env.reserve_ok(client, "a", lease=HOUR)
    await env.advance(HOUR)
    await _is(env, client, "of a job whose lease ran out", State.READY, held.attempt)
    await client.extend([Extension(held.token, HOUR)])
    await _is(env, client, "of it after an extend that came too late", State.READY, held.attempt)
    (held,) = await env.reserve_ok(client, "a", lease=HOUR)
    await _is(env, client, "of a job that somebody else has", State.LEASED, held.attempt)


@check("I1", "delay", "clock")
async def get_and_counts_follow_due_times(env: Env) -> None:
    client = await env.client()
    (accepted,) = await env.enqueue_ok(client, message(after=HOUR))
    await _is(env, client, "of a delayed job", State.SCHEDULED)
    env.expect((await env.stored(client, "a")).since, accepted.due, "its since")
    await env.advance(HOUR)
    await _is(env, client, "of a delayed job at its time", State.READY)
    (held,) = await env.reserve_ok(client, "a")
    await env.settled(client, RetryAt(held.token, after=HOUR))
    await _is(env, client, "of a job that waits for its retry", State.SCHEDULED, held.attempt)
    await env.advance(HOUR)
    await _is(env, client, "of a job whose retry is due", State.READY, held.attempt)


@check("I1", "dead_letters")
async def get_and_counts_follow_the_dead(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message())
    await env.dead_letter(client, "a")
    await _is(env, client, "of a dead job", State.DEAD, 1)
    await client.requeue(["a"])
    await _is(env, client, "of a requeued job", State.READY)
    await client.delete(["a"])
    await _is(env, client, "of a deleted job", None)


@check("I1")
async def counts_are_exact_for_many(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, *(message(f"m{number}") for number in range(300)))
    await env.enqueue_ok(client, *(message(f"o{number}", queue="other") for number in range(7)))
    await env.drain(client, ["other"], lease=HOUR)
    held = await client.reserve(["q"], limit=10, lease=HOUR)
    await env.settled(client, *(Done(delivery.token) for delivery in held[:4]))
    counts = await client.counts("q")
    env.expect(
        (counts.ready, counts.leased), (290, 6), "ready and leased of 300, ten having been taken and four settled"
    )
    env.expect(await client.queues(), ["other", "q"], "the queues that hold jobs")
    env.expect(await client.counts("empty"), Counts(), "counts of a queue that holds nothing")


@check("I1", "clock")
async def the_oldest_of_the_ready_is_counted(env: Env) -> None:
    client = await env.client()
    (first,) = await env.enqueue_ok(client, message("a"))
    await env.advance(HOUR)
    await env.enqueue_ok(client, message("b"))
    env.expect((await client.counts("q")).oldest_ready, first.due, "the oldest since of the ready")
    await client.reserve(["q"], limit=2, lease=HOUR)
    env.expect((await client.counts("q")).oldest_ready, None, "the oldest since when none is ready")


async def _look(client: RecordingBackend) -> None:
    await client.get(["a", "b", "c", "d", "nobody"])
    await client.queues()
    await client.counts("q")
    for state in State:
        await client.peek("q", state)


async def _journey(env: Env, client: RecordingBackend, looks: int) -> list[tuple[str, int, int]]:
    """What is granted on a way through all states, looked at in between, or not."""
    seen: list[tuple[str, int, int]] = []

    async def pause(milliseconds: int) -> None:
        for _ in range(looks):
            await _look(client)
        await env.advance(milliseconds)
        for _ in range(looks):
            await _look(client)

    async def take(lease: int, limit: int = 1) -> list[Delivery]:
        found = await client.reserve(["q"], limit=limit, lease=lease)
        seen.extend((delivery.message.id, delivery.attempt, delivery.number) for delivery in found)
        return found

    await env.enqueue_ok(client, message("a"), message("b", after=2 * HOUR if env.capabilities.delay else None))
    await pause(MINUTE)
    first = await take(HOUR)
    await pause(HOUR + env.tolerance)
    await take(HOUR)
    if env.capabilities.cancel:
        await env.enqueue_ok(client, message("c"))
        held = await take(HOUR)
        await client.cancel([delivery.message.id for delivery in held])
    await pause(2 * HOUR)
    late = await client.settle([Done(first[0].token)]) if first else []
    seen.append((f"late: {[type(outcome).__name__ for outcome in late]}", 0, 0))
    await env.enqueue_ok(client, message("d"))
    await pause(MINUTE)
    await take(HOUR, limit=10)
    return seen


@check("I2")
async def looking_changes_nothing(env: Env) -> None:
    plain = await env.client()
    watched = await env.client(f"{env.namespace}-watched")
    expected = await _journey(env, plain, looks=0)
    moved = await _journey(env, watched, looks=2)
    env.expect(moved, expected, "what is granted when somebody looks all along, and when nobody does")


@check("I2")
async def looking_keeps_no_lease_alive(env: Env) -> None:
    client, watcher = await env.clients(2)
    await env.enqueue_ok(client, message())
    await env.reserve_ok(client, "a", lease=HOUR)
    for _ in range(6):
        await _look(watcher)
        await env.advance(HOUR // 6)
    await env.advance(env.tolerance)
    await _look(watcher)
    env.expect(ids_of(await watcher.reserve(["q"], limit=1, lease=MINUTE)), ["a"], "reserve at the lease's end")
