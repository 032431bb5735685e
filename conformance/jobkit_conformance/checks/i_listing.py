"""I, lists: what peek shows, and what purge and delete remove."""

from __future__ import annotations

from typing import Final

from jobkit.backend import (
    Dead,
    Deleted,
    Done,
    Extension,
    NotFound,
    Release,
    Settled,
    Stale,
)
from jobkit.errors import InvalidArgument
from jobkit.lifecycle import State
from jobkit_conformance.checks.registry import check
from jobkit_conformance.env import DAY, HOUR, MINUTE, Env, ids_of, message
from jobkit_conformance.history.recording import RecordingBackend


@check("I3")
async def purge_removes_those_in_that_state(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, *(message(f"m{number}") for number in range(10)), message("other", queue="other"))
    held = await client.reserve(["q"], limit=3, lease=HOUR)
    env.expect(await client.purge("q", State.READY, 5), 5, "purge of seven ready jobs, five at most")
    env.expect(await client.purge("q", State.READY, 0), 0, "purge of none")
    env.expect(await client.purge("q", State.READY, 5), 2, "purge of the two that are left")
    env.expect(await client.purge("q", State.READY, 5), 0, "purge when none is ready")
    counts = await client.counts("q")
    env.expect((counts.ready, counts.leased), (0, 3), "ready and leased after that")
    outcomes = await client.settle([Done(delivery.token) for delivery in held])
    env.expect(outcomes, [Settled()] * 3, "settle of those that were leased")
    env.expect(ids_of(await client.reserve(["other"], limit=1, lease=MINUTE)), ["other"], "another queue")


@check("I3", "delay", "clock")
async def purge_goes_by_the_clock(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message("due", after=MINUTE), message("early", after=2 * HOUR), message("crashed"))
    await env.reserve_ok(client, "crashed", lease=MINUTE)
    await env.advance(HOUR)
    env.expect(await client.purge("q", State.SCHEDULED, 10), 1, "purge of the scheduled ones")
    env.expect(sorted(await env.drain(client)), ["crashed", "due"], "what is granted after that")


@check("I3", "delay", "clock")
async def purge_of_the_ready_spares_the_scheduled(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message("due", after=MINUTE), message("early", after=2 * HOUR), message("crashed"))
    await env.reserve_ok(client, "crashed", lease=MINUTE)
    await env.advance(HOUR)
    env.expect(await client.purge("q", State.READY, 10), 2, "purge of the ready ones, one of which crashed")
    await env.advance(HOUR)
    env.expect(await env.drain(client), ["early"], "what is granted when the last is due")


@check("I3", "dead_letters")
async def purge_of_the_dead_spares_the_living(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message("a"), message("b"))
    await env.dead_letter(client, "a", "b")
    await env.enqueue_ok(client, message("c"))
    env.expect(await client.purge("q", State.DEAD, 1), 1, "purge of two dead jobs, one at most")
    env.expect(await client.purge("q", State.DEAD, 10), 1, "purge of the other")
    env.expect(await env.drain(client), ["c"], "what is granted after that")


@check("I3")
async def the_leased_are_not_purged(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message())
    (held,) = await env.reserve_ok(client, "a", lease=HOUR)
    await env.refuses(client.purge("q", State.LEASED, 10), InvalidArgument, "purge of the leased")
    env.expect(await client.settle([Done(held.token)]), [Settled()], "settle after that")


@check("I3")
async def delete_removes_exactly_these(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, *(message(id) for id in "abcd"))
    held = await env.granted(client, "reserve", lease=HOUR)
    ids = [held.message.id, *sorted(set("abcd") - {held.message.id})[:1], "nobody"]
    env.expect(
        await client.delete(ids), [Deleted(), Deleted(), NotFound()], "delete of a leased job, a ready one and none"
    )
    env.expect(await client.delete(ids), [NotFound()] * 3, "delete of them once more")
    env.expect(sorted(await env.drain(client)), sorted(set("abcd") - set(ids)), "what is granted after that")


@check("I3")
async def the_token_of_a_deleted_job_is_stale(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message())
    (held,) = await env.reserve_ok(client, "a", lease=HOUR)
    env.expect(await client.delete(["a"]), [Deleted()], "delete of a leased job")
    env.expect(await client.extend([Extension(held.token, HOUR)]), [Stale()], "extend with its token")
    env.expect(await client.settle([Release(held.token)]), [Stale()], "settle with its token")
    env.expect(await env.drain(client), [], "what is granted after that")


MANY: Final = 330
"""More than fit on one page, it is hoped, and on three."""


async def _pages(env: Env, client: RecordingBackend, state: State) -> list[str]:
    ids: list[str] = []
    cursor: str | None = None
    for _ in range(MANY + 2):
        page = await client.peek("q", state, cursor)
        ids += [job.message.id for job in page.jobs]
        wrong = {job.state for job in page.jobs} - {state}
        env.check(not wrong, f"peek of the {state.value} lists jobs that are {wrong}")
        cursor = page.cursor
        if cursor is None:
            return ids
    return env.fail(f"peek of {MANY} {state.value} jobs comes to no end")


@check("I4")
async def peek_lists_the_ready_in_their_order(env: Env) -> None:
    client = await env.client()
    lowest, highest = env.capabilities.priority or (0, 0)
    levels = sorted({lowest, 0, highest})
    await env.enqueue_ok(client, *(message(f"m{n:03}", priority=levels[n * 7 % len(levels)]) for n in range(MANY)))
    listed = await _pages(env, client, State.READY)
    env.expect((len(listed), len(set(listed))), (MANY, MANY), "how many are listed, and how many different ones")
    granted = await env.drain(client, lease=DAY, limit=100)
    if env.capabilities.fifo:
        env.check(listed == granted, "the ready are not listed in the order in which they are granted")


@check("I4", "delay", "clock")
async def peek_lists_the_scheduled_in_their_order(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, *(message(f"m{n:03}", after=HOUR + n * 7 % MANY * MINUTE) for n in range(MANY)))
    listed = await _pages(env, client, State.SCHEDULED)
    await env.advance(2 * HOUR + MANY * MINUTE)
    granted = await env.drain(client, lease=DAY, limit=100)
    env.check(listed == granted, "the scheduled are not listed in the order in which they fall due, each once")


@check("I4")
async def peek_lists_each_leased_one_once(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, *(message(f"m{n:03}") for n in range(MANY)))
    granted = await env.drain(client, lease=DAY, limit=100)
    env.expect(sorted(await _pages(env, client, State.LEASED)), sorted(granted), "the leased that are listed")


@check("I4", "dead_letters")
async def peek_lists_each_dead_one_once(env: Env) -> None:
    client = await env.client()
    for start in range(0, MANY, 10):
        ids = [f"m{n:03}" for n in range(start, start + 10)]
        await env.enqueue_ok(client, *map(message, ids))
        await env.dead_letter(client, *ids)
    env.expect(
        sorted(await _pages(env, client, State.DEAD)), [f"m{n:03}" for n in range(MANY)], "the dead that are listed"
    )


@check("I4", "dead_letters", "clock")
async def the_dead_are_listed_as_they_died(env: Env) -> None:
    client = await env.client()
    names = ["m3", "m1", "m4", "m0", "m2"]
    await env.enqueue_ok(client, *map(message, sorted(names)))
    held = {delivery.message.id: delivery for delivery in await env.reserve_ok(client, *sorted(names), lease=DAY)}
    for name in names:
        await env.settled(client, Dead(held[name].token, "why"))
        await env.advance(MINUTE)
    env.expect(await _pages(env, client, State.DEAD), names, "the dead that are listed")


@check("I4")
async def a_cursor_of_nobody_s_making_is_refused(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message())
    for cursor in ("", "x", "{}", "\x00", "\ud800", "[0, [0, 0, 0]]"):
        await env.refuses(client.peek("q", State.READY, cursor), InvalidArgument, f"peek with the cursor {cursor!r}")
