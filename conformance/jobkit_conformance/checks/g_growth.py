"""G, size: what is left behind, and what must not be dropped."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias, TypeVar

from jobkit.backend import Dead, Done, Extension, Release, RetryAt
from jobkit.lifecycle import State
from jobkit_conformance.checks.registry import check
from jobkit_conformance.env import DAY, HOUR, MINUTE, Env, ids_of, message
from jobkit_conformance.history.recording import RecordingBackend
from jobkit_conformance.render.value_source import first_few

T = TypeVar("T")

AT_ONCE: Final = 10
"""Jobs that go a way together."""
DIGITS: Final = 24
"""By how much a key may grow that nothing is left in: a counter gets longer."""

Way: TypeAlias = Callable[[Env, RecordingBackend, list[str]], Awaitable[None]]


async def _put(env: Env, client: RecordingBackend, ids: list[str], after: int | None = None) -> None:
    keyed = env.capabilities.keys
    await env.enqueue_ok(client, *(message(id, body=bytes(50), key=id if keyed else None, after=after) for id in ids))


async def _finish(env: Env, client: RecordingBackend, ids: list[str]) -> None:
    await env.settled(client, *(Done(held.token) for held in await env.reserve_ok(client, *ids)))


async def _done(env: Env, client: RecordingBackend, ids: list[str]) -> None:
    await _put(env, client, ids)
    await client.enqueue([message(id, body=b"conflict") for id in ids])
    await _finish(env, client, ids)


async def _released_and_retried(env: Env, client: RecordingBackend, ids: list[str]) -> None:
    await _put(env, client, ids)
    await env.settled(client, *(Release(held.token) for held in await env.reserve_ok(client, *ids)))
    found = await env.reserve_ok(client, *ids)
    await client.extend([Extension(held.token, HOUR) for held in found])
    await env.settled(client, *(RetryAt(held.token, after=0) for held in found))
    await _finish(env, client, ids)
    await client.settle([Done(held.token) for held in found])


async def _delayed(env: Env, client: RecordingBackend, ids: list[str]) -> None:
    await _put(env, client, ids, after=MINUTE)
    await env.advance(MINUTE + env.tolerance)
    found = await env.reserve_ok(client, *ids)
    await env.settled(client, *(RetryAt(held.token, after=MINUTE) for held in found))
    await env.advance(MINUTE + env.tolerance)
    await _finish(env, client, ids)


async def _crashed(env: Env, client: RecordingBackend, ids: list[str]) -> None:
    await _put(env, client, ids)
    await env.reserve_ok(client, *ids)
    await env.advance(MINUTE + env.tolerance)
    await _finish(env, client, ids)


async def _cancelled(env: Env, client: RecordingBackend, ids: list[str]) -> None:
    await _put(env, client, ids)
    await client.cancel(ids)
    await _put(env, client, ids)
    found = await env.reserve_ok(client, *ids)
    await client.cancel(ids)
    await env.settled(client, *(Release(held.token) for held in found))


async def _marked_and_run_out(env: Env, client: RecordingBackend, ids: list[str]) -> None:
    await _put(env, client, ids)
    await env.reserve_ok(client, *ids)
    await client.cancel(ids)
    await env.advance(MINUTE + env.tolerance)


async def _dead(env: Env, client: RecordingBackend, ids: list[str]) -> None:
    await _put(env, client, ids)
    await env.settled(client, *(Dead(held.token, "why") for held in await env.reserve_ok(client, *ids)))
    await client.requeue(ids)
    await _finish(env, client, ids)


async def _dead_and_removed(env: Env, client: RecordingBackend, ids: list[str]) -> None:
    await _put(env, client, ids)
    await env.settled(client, *(Dead(held.token, "why") for held in await env.reserve_ok(client, *ids)))
    await client.delete(ids[: len(ids) // 2])
    await client.purge("q", State.DEAD, len(ids))


async def _removed(env: Env, client: RecordingBackend, ids: list[str]) -> None:
    await _put(env, client, ids)
    await client.delete(ids[: len(ids) // 2])
    await client.purge("q", State.READY, len(ids))
    await _put(env, client, ids)
    await env.reserve_ok(client, *ids)
    await client.delete(ids)


async def _nothing(env: Env, client: RecordingBackend, ids: list[str]) -> None:
    """What asks about jobs and queues that are not there."""
    for id in ids:
        await client.reserve([f"no queue {id}"], limit=1, lease=MINUTE)
        await client.settle([Done(f"no token {id}")])
        if env.capabilities.cancel:
            await client.cancel([f"no job {id}"])
        if env.capabilities.inspect:
            await client.counts(f"no queue {id}")


_WAYS: Final[tuple[tuple[Way, tuple[str, ...]], ...]] = (
    (_done, ()),
    (_released_and_retried, ()),
    (_delayed, ("delay", "clock")),
    (_crashed, ("clock",)),
    (_cancelled, ("cancel",)),
    (_marked_and_run_out, ("cancel", "clock")),
    (_dead, ("dead_letters",)),
    (_dead_and_removed, ("dead_letters", "inspect")),
    (_removed, ("inspect",)),
    (_nothing, ()),
)


def _claimed(env: Env, needs: tuple[str, ...]) -> bool:
    claims = env.capabilities
    return all(env.moves if need == "clock" else getattr(claims, need) not in (False, None) for need in needs)


async def _go(env: Env, client: RecordingBackend, jobs: int, prefix: str) -> Mapping[str, int]:
    """Send jobs on every way, and say what is stored when all of them have ended."""
    ways = [way for way, needs in _WAYS if _claimed(env, needs)]
    for way in ways:
        for start in range(0, jobs, AT_ONCE):
            ids = [f"{prefix}{way.__name__}{number}" for number in range(start, min(jobs, start + AT_ONCE))]
            await way(env, client, ids)
    env.require(await client.reserve(["q"], limit=1, lease=MINUTE) == [], "something is still granted")
    return await env.harness.footprint(env.namespace)


@check("G1")
async def nothing_is_left_behind(env: Env) -> None:
    client = await env.client()
    before = await _go(env, client, 1, "warm-up ")
    ways = sum(_claimed(env, needs) for _, needs in _WAYS)
    each = max(env.profile.jobs // ways, 4 * DIGITS)
    after = await _go(env, client, each, "")
    new = {name: size for name, size in after.items() if size and name not in before}
    env.check(not new, f"stored after {each} jobs on each of {ways} ways, and not after one: {first_few(new)}")
    grown = {name: (before[name], size) for name, size in after.items() if size > before.get(name, 0) + DIGITS}
    env.check(not grown, f"grown after {each} jobs on each of {ways} ways: {first_few(grown)}")


@check("G2")
async def nothing_that_lives_expires(env: Env) -> None:
    client = await env.client()
    keyed = env.capabilities.keys
    ready = message("ready", headers={"job": "x"}, key="k" if keyed else None)
    await env.enqueue_ok(client, ready, message("crashed"), message("retried"))
    await env.reserve_ok(client, "ready", "crashed", "retried", lease=MINUTE)
    await env.advance(MINUTE + env.tolerance)
    found = {held.message.id: held for held in await env.reserve_ok(client, "ready", "crashed", "retried", lease=HOUR)}
    await env.settled(client, Release(found["ready"].token), RetryAt(found["retried"].token, after=0))
    await client.close()
    await env.advance(100 * 365 * DAY)
    other = await env.client()
    again = {held.message.id: held for held in await other.reserve(["q"], limit=5, lease=MINUTE)}
    env.expect(sorted(again), ["crashed", "ready", "retried"], "what is granted a hundred years later")
    env.expect((again["ready"].message.body, dict(again["ready"].message.headers)), (b"x", {"job": "x"}), "a message")
    if keyed:
        (outcome,) = await other.enqueue([message("b", key="k")])
        env.expect(getattr(outcome, "by", None), "ready", "who has the key")


@check("G2", "delay")
async def what_is_scheduled_waits_for_ever(env: Env) -> None:
    client = await env.client()
    years = 100 * 365 * DAY
    await env.enqueue_ok(client, message("a", after=years))
    (held,) = await _retried(env, client, years)
    await client.close()
    await env.advance(years - DAY)
    other = await env.client()
    env.expect(await other.reserve(["q"], limit=2, lease=MINUTE), [], "reserve a day before")
    await env.advance(DAY + env.tolerance)
    found = sorted(ids_of(await other.reserve(["q"], limit=2, lease=MINUTE)))
    env.expect(found, ["a", held], "what is granted in a hundred years")


async def _retried(env: Env, client: RecordingBackend, after: int) -> list[str]:
    await env.enqueue_ok(client, message("b"))
    (held,) = await env.reserve_ok(client, "b")
    await env.settled(client, RetryAt(held.token, after=after))
    return ["b"]


@check("G2", "dead_letters", "inspect")
async def the_dead_are_kept_as_long_as_declared(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message())
    await env.dead_letter(client, "a")
    retention = env.capabilities.retention
    await env.advance(100 * 365 * DAY if retention is None else retention - MINUTE)
    env.expect((await env.stored(client, "a")).reason, "why", "the reason of a dead job")
