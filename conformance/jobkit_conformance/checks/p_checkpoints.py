"""P, checkpoints: where a long job is, kept by its holder for whoever is granted it next."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from jobkit.backend import (
    Cancelled,
    CancelPending,
    Dead,
    Deleted,
    Delivery,
    Done,
    Extension,
    LeaseExpired,
    Release,
    Requeued,
    RetryAt,
    Stale,
)
from jobkit.errors import InvalidArgument
from jobkit.lifecycle import State
from jobkit_conformance.checks.registry import Check, add, check
from jobkit_conformance.env import HOUR, MINUTE, Env, message, words_of
from jobkit_conformance.history.recording import RecordingBackend

EVERY_BYTE: Final = bytes(range(256))


async def _checkpoint(env: Env, client: RecordingBackend, held: Delivery, where: bytes) -> None:
    """Say where a job is, which has to be taken note of before the question comes."""
    outcomes = await client.extend([Extension(held.token, HOUR, where)])
    env.require(words_of(outcomes) == ["extended"], f"extend with a checkpoint answered {words_of(outcomes)}")


async def _expect(env: Env, client: RecordingBackend, where: bytes | None, when: str) -> Delivery:
    """The next delivery, with this checkpoint."""
    held = await env.granted(client, f"reserve {when}")
    env.expect(held.checkpoint, where, f"the checkpoint of the delivery {when}")
    return held


@check("P2")
async def the_next_delivery_brings_the_latest(env: Env) -> None:
    one, other = await env.clients(2)
    await env.enqueue_ok(one, message("a"))
    held = await _expect(env, one, None, "before anybody said where it is")
    for where in (b"first", EVERY_BYTE):
        await _checkpoint(env, one, held, where)
    await one.extend([Extension(held.token, HOUR)])
    await env.settled(one, Release(held.token))
    held = await _expect(env, other, EVERY_BYTE, "after a release")
    await env.settled(other, RetryAt(held.token, after=0))
    held = await _expect(env, one, EVERY_BYTE, "after a retry in which nobody said anything")
    await _checkpoint(env, one, held, b"third")
    await env.settled(one, RetryAt(held.token, after=0))
    await _expect(env, other, b"third", "after a retry")


@check("P2")
async def a_crash_keeps_it(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message("a"))
    (held,) = await env.reserve_ok(client, "a")
    await _checkpoint(env, client, held, b"here")
    await env.advance(2 * HOUR)
    await _expect(env, client, b"here", "after a lease that ran out")
    await env.advance(2 * HOUR)
    await _expect(env, client, b"here", "after another")


@check("P2", "delay")
async def a_long_wait_keeps_it(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message("a"))
    (held,) = await env.reserve_ok(client, "a")
    await _checkpoint(env, client, held, b"here")
    await env.settled(client, RetryAt(held.token, after=100 * 24 * HOUR))
    await env.advance(101 * 24 * HOUR)
    await _expect(env, client, b"here", "after a retry in a hundred days")


@check("P2")
async def who_lost_the_job_has_no_say(env: Env) -> None:
    one, other = await env.clients(2)
    await env.enqueue_ok(one, message("a"))
    (lost,) = await env.reserve_ok(one, "a", lease=MINUTE)
    await env.advance(2 * MINUTE)
    (held,) = await env.reserve_ok(other, "a")
    await _checkpoint(env, other, held, b"of the holder")
    outcomes = await one.extend([Extension(lost.token, HOUR, b"of the one who lost it")])
    env.expect(outcomes, [Stale()], "extend with a checkpoint by the one who lost the job")
    await env.settled(other, Release(held.token))
    held = await _expect(env, one, b"of the holder", "after that")
    outcomes = await one.extend([Extension("no token of anybody's", HOUR, b"of a stranger")])
    env.expect(outcomes, [Stale()], "extend with a checkpoint by a stranger")
    await env.settled(one, RetryAt(held.token, after=0))
    outcomes = await one.extend([Extension(held.token, HOUR, b"after the settle")])
    env.expect(outcomes, [Stale()], "extend with a checkpoint after the settle")
    await _expect(env, other, b"of the holder", "in the end")


@check("P2")
async def what_is_not_extended_keeps_what_it_had(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message("a"))
    (held,) = await env.reserve_ok(client, "a")
    await _checkpoint(env, client, held, b"in time")
    await env.advance(2 * HOUR)
    outcomes = await client.extend([Extension(held.token, HOUR, b"too late")])
    env.expect(outcomes, [LeaseExpired()], "extend with a checkpoint once the lease has ended")
    await _expect(env, client, b"in time", "after that")


@check("P2")
async def each_item_of_a_batch_has_its_own(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message("a"), message("b"), message("c"))
    a, b, c = await env.reserve_ok(client, "a", "b", "c")
    outcomes = await client.extend(
        [
            Extension(a.token, HOUR, b"of a"),
            Extension("no token of anybody's", HOUR, b"of nobody"),
            Extension(b.token, HOUR, b""),
            Extension(c.token, HOUR),
        ]
    )
    env.expect(words_of(outcomes), ["extended", "stale", "extended", "extended"], "extend of a batch")
    await env.settled(client, Release(a.token), Release(b.token), Release(c.token))
    found = {each.message.id: each.checkpoint for each in await client.reserve(["q"], limit=3, lease=MINUTE)}
    env.expect(found, {"a": b"of a", "b": b"", "c": None}, "the checkpoints of the next deliveries")


@check("P2")
async def as_large_as_a_body_and_no_larger(env: Env) -> None:
    client, most = await env.client(), env.capabilities.max_body
    await env.enqueue_ok(client, message("a"))
    (held,) = await env.reserve_ok(client, "a")
    largest = (EVERY_BYTE * (most // 256 + 1))[:most]
    await _checkpoint(env, client, held, largest)
    await env.refuses(
        client.extend([Extension(held.token, HOUR, bytes(most + 1))]), InvalidArgument, "a checkpoint beyond max_body"
    )
    not_bytes: bytes = "text"  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    await env.refuses(
        client.extend([Extension(held.token, HOUR, not_bytes)]), InvalidArgument, "a checkpoint that is text"
    )
    await env.settled(client, Release(held.token))
    found = await env.granted(client, "reserve after that")
    env.check(found.checkpoint == largest, "the checkpoint of max_body bytes came back changed")


End: TypeAlias = Callable[[Env, RecordingBackend, Delivery], Awaitable[None]]


async def _done(env: Env, client: RecordingBackend, held: Delivery) -> None:
    await env.settled(client, Done(held.token))


async def _buried_and_deleted(env: Env, client: RecordingBackend, held: Delivery) -> None:
    await env.settled(client, Dead(held.token, "why"))
    env.require(await client.delete(["a"]) == [Deleted()], "delete did not remove the dead job")


async def _cancelled(env: Env, client: RecordingBackend, held: Delivery) -> None:
    await env.settled(client, Release(held.token))
    env.require(await client.cancel(["a"]) == [Cancelled()], "cancel did not end the job")


async def _marked_and_run_out(env: Env, client: RecordingBackend, held: Delivery) -> None:
    env.require(await client.cancel(["a"]) == [CancelPending()], "cancel did not mark the job")
    await env.advance(2 * HOUR)


async def _deleted(env: Env, client: RecordingBackend, held: Delivery) -> None:
    env.require(await client.delete(["a"]) == [Deleted()], "delete did not remove the leased job")


async def _purged(env: Env, client: RecordingBackend, held: Delivery) -> None:
    await env.settled(client, Release(held.token))
    env.require(await client.purge("q", State.READY, 1) == 1, "purge did not remove the job")


_ENDS: Final[tuple[tuple[str, End, tuple[str, ...]], ...]] = (
    ("done", _done, ()),
    ("dead, and deleted", _buried_and_deleted, ("dead_letters", "inspect")),
    ("cancelled", _cancelled, ("cancel",)),
    ("cancelled while leased, and run out", _marked_and_run_out, ("cancel",)),
    ("deleted while leased", _deleted, ("inspect",)),
    ("purged", _purged, ("inspect",)),
)


def _after(end: End) -> Callable[[Env], Awaitable[None]]:
    async def the_next_job_with_its_id_begins_without(env: Env) -> None:
        client = await env.client()
        await env.enqueue_ok(client, message("a"))
        (held,) = await env.reserve_ok(client, "a")
        await _checkpoint(env, client, held, b"of an earlier life")
        await end(env, client, held)
        await env.enqueue_ok(client, message("a"))
        await _expect(env, client, None, "of another job with the same id")

    return the_next_job_with_its_id_begins_without


for _words, _end, _needs in _ENDS:
    add(Check("P2", _after(_end), _needs, _words))


@check("P2", "dead_letters")
async def a_requeued_job_begins_without(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message("a"))
    (held,) = await env.reserve_ok(client, "a")
    await _checkpoint(env, client, held, b"where it died")
    await env.settled(client, Dead(held.token, "why"))
    env.require(await client.requeue(["a"]) == [Requeued()], "requeue did not revive the job")
    await _expect(env, client, None, "of a requeued job")


@check("P2", "durable", "hook:restart")
async def a_restart_keeps_it(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message("a"))
    (held,) = await env.reserve_ok(client, "a")
    await _checkpoint(env, client, held, EVERY_BYTE)
    await env.restart()
    other = await env.client()
    await env.settled(other, Release(held.token))
    await _expect(env, other, EVERY_BYTE, "after a restart")
