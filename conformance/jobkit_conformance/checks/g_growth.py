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


async def _put(stage: Env, client: RecordingBackend, ids: list[str], after: int | None = None) -> None:
    keyed = stage.capabilities.keys
    await stage.enqueue_ok(client, *(message(id, body=bytes(50), key=id if keyed else None, after=after) for id in ids))


async def _finish(stage: Env, client: RecordingBackend, ids: list[str]) -> None:
    await stage.settled(client, *(Done(held.token) for held in await stage.reserve_ok(client, *ids)))


async def _done(stage: Env, client: RecordingBackend, ids: list[str]) -> None:
    await _put(stage, client, ids)
    await client.enqueue([message(id, body=b"conflict") for id in ids])
    await _finish(stage, client, ids)


async def _released_and_retried(stage: Env, client: RecordingBackend, ids: list[str]) -> None:
    await _put(stage, client, ids)
    await stage.settled(client, *(Release(held.token) for held in await stage.reserve_ok(client, *ids)))
    found = await stage.reserve_ok(client, *ids)
    await client.extend([Extension(held.token, HOUR) for held in found])
    await stage.settled(client, *(RetryAt(held.token, after=0) for held in found))
    await _finish(stage, client, ids)
    await client.settle([Done(held.token) for held in found])


async def _delayed(stage: Env, client: RecordingBackend, ids: list[str]) -> None:
    await _put(stage, client, ids, after=MINUTE)
    await stage.advance(MINUTE + stage.tolerance)
    found = await stage.reserve_ok(client, *ids)
    await stage.settled(client, *(RetryAt(held.token, after=MINUTE) for held in found))
    await stage.advance(MINUTE + stage.tolerance)
    await _finish(stage, client, ids)


async def _crashed(stage: Env, client: RecordingBackend, ids: list[str]) -> None:
    await _put(stage, client, ids)
    await stage.reserve_ok(client, *ids)
    await stage.advance(MINUTE + stage.tolerance)
    await _finish(stage, client, ids)


async def _cancelled(stage: Env, client: RecordingBackend, ids: list[str]) -> None:
    await _put(stage, client, ids)
    await client.cancel(ids)
    await _put(stage, client, ids)
    found = await stage.reserve_ok(client, *ids)
    await client.cancel(ids)
    await stage.settled(client, *(Release(held.token) for held in found))


async def _marked_and_run_out(stage: Env, client: RecordingBackend, ids: list[str]) -> None:
    await _put(stage, client, ids)
    await stage.reserve_ok(client, *ids)
    await client.cancel(ids)
    await stage.advance(MINUTE + stage.tolerance)


async def _dead(stage: Env, client: RecordingBackend, ids: list[str]) -> None:
    await _put(stage, client, ids)
    await stage.settled(client, *(Dead(held.token, "why") for held in await stage.reserve_ok(client, *ids)))
    await client.requeue(ids)
    await _finish(stage, client, ids)


async def _dead_and_removed(stage: Env, client: RecordingBackend, ids: list[str]) -> None:
    await _put(stage, client, ids)
    await stage.settled(client, *(Dead(held.token, "why") for held in await stage.reserve_ok(client, *ids)))
    await client.delete(ids[: len(ids) // 2])
    await client.purge("q", State.DEAD, len(ids))


async def _removed(stage: Env, client: RecordingBackend, ids: list[str]) -> None:
    await _put(stage, client, ids)
    await client.delete(ids[: len(ids) // 2])
    await client.purge("q", State.READY, len(ids))
    await _put(stage, client, ids)
    await stage.reserve_ok(client, *ids)
    await client.delete(ids)


async def _nothing(stage: Env, client: RecordingBackend, ids: list[str]) -> None:
    """What asks about jobs and queues that are not there."""
    for id in ids:
        await client.reserve([f"no queue {id}"], limit=1, lease=MINUTE)
        await client.settle([Done(f"no token {id}")])
        if stage.capabilities.cancel:
            await client.cancel([f"no job {id}"])
        if stage.capabilities.inspect:
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


def _claimed(stage: Env, needs: tuple[str, ...]) -> bool:
    claims = stage.capabilities
    return all(stage.moves if need == "clock" else getattr(claims, need) not in (False, None) for need in needs)


async def _go(stage: Env, client: RecordingBackend, jobs: int, prefix: str) -> Mapping[str, int]:
    """Send jobs on every way, and say what is stored when all of them have ended."""
    ways = [way for way, needs in _WAYS if _claimed(stage, needs)]
    for way in ways:
        for start in range(0, jobs, AT_ONCE):
            ids = [f"{prefix}{way.__name__}{number}" for number in range(start, min(jobs, start + AT_ONCE))]
            await way(stage, client, ids)
    stage.require(await client.reserve(["q"], limit=1, lease=MINUTE) == [], "something is still granted")
    return await stage.harness.footprint(stage.namespace)


@check("G1")
async def nothing_is_left_behind(stage: Env) -> None:
    client = await stage.client()
    before = await _go(stage, client, 1, "warm-up ")
    ways = sum(_claimed(stage, needs) for _, needs in _WAYS)
    each = max(stage.profile.jobs // ways, 4 * DIGITS)
    after = await _go(stage, client, each, "")
    new = {name: size for name, size in after.items() if size and name not in before}
    stage.check(not new, f"stored after {each} jobs on each of {ways} ways, and not after one: {first_few(new)}")
    grown = {name: (before[name], size) for name, size in after.items() if size > before.get(name, 0) + DIGITS}
    stage.check(not grown, f"grown after {each} jobs on each of {ways} ways: {first_few(grown)}")


@check("G2")
async def nothing_that_lives_expires(stage: Env) -> None:
    client = await stage.client()
    keyed = stage.capabilities.keys
    ready = message("ready", headers={"job": "x"}, key="k" if keyed else None)
    await stage.enqueue_ok(client, ready, message("crashed"), message("retried"))
    await stage.reserve_ok(client, "ready", "crashed", "retried", lease=MINUTE)
    await stage.advance(MINUTE + stage.tolerance)
    found = {
        held.message.id: held for held in await stage.reserve_ok(client, "ready", "crashed", "retried", lease=HOUR)
    }
    await stage.settled(client, Release(found["ready"].token), RetryAt(found["retried"].token, after=0))
    await client.close()
    await stage.advance(100 * 365 * DAY)
    other = await stage.client()
    again = {held.message.id: held for held in await other.reserve(["q"], limit=5, lease=MINUTE)}
    stage.expect(sorted(again), ["crashed", "ready", "retried"], "what is granted a hundred years later")
    stage.expect((again["ready"].message.body, dict(again["ready"].message.headers)), (b"x", {"job": "x"}), "a message")
    if keyed:
        (outcome,) = await other.enqueue([message("b", key="k")])
        stage.expect(getattr(outcome, "by", None), "ready", "who has the key")


@check("G2", "delay")
async def what_is_scheduled_waits_for_ever(stage: Env) -> None:
    client = await stage.client()
    years = 100 * 365 * DAY
    await stage.enqueue_ok(client, message("a", after=years))
    (held,) = await _retried(stage, client, years)
    await client.close()
    await stage.advance(years - DAY)
    other = await stage.client()
    stage.expect(await other.reserve(["q"], limit=2, lease=MINUTE), [], "reserve a day before")
    await stage.advance(DAY + stage.tolerance)
    found = sorted(ids_of(await other.reserve(["q"], limit=2, lease=MINUTE)))
    stage.expect(found, ["a", held], "what is granted in a hundred years")


async def _retried(stage: Env, client: RecordingBackend, after: int) -> list[str]:
    await stage.enqueue_ok(client, message("b"))
    (held,) = await stage.reserve_ok(client, "b")
    await stage.settled(client, RetryAt(held.token, after=after))
    return ["b"]


@check("G2", "dead_letters", "inspect")
async def the_dead_are_kept_as_long_as_declared(stage: Env) -> None:
    client = await stage.client()
    await stage.enqueue_ok(client, message())
    await stage.dead_letter(client, "a")
    retention = stage.capabilities.retention
    await stage.advance(100 * 365 * DAY if retention is None else retention - MINUTE)
    stage.expect((await stage.stored(client, "a")).reason, "why", "the reason of a dead job")
