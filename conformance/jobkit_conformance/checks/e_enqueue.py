"""E, identity: what an id stands for, while its job lives and after."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from msgspec import structs

from jobkit.backend import (
    Accepted,
    Cancelled,
    Conflict,
    Deleted,
    Delivery,
    Done,
    Duplicate,
    Message,
    NotFound,
    RetryAt,
    Stale,
)
from jobkit.lifecycle import State
from jobkit_conformance.checks.registry import Check, add, check
from jobkit_conformance.env import HOUR, MINUTE, NOISE, Env, ids_of, message, words_of
from jobkit_conformance.history.recording import RecordingBackend


def _different(env: Env, first: Message) -> list[Message]:
    """Messages with the same id that differ in one field."""
    claims = env.capabilities
    others: list[dict[str, Any]] = [{"body": b"other"}, {"queue": "other"}, {"headers": {"job": "other"}}]
    if claims.priority:
        others.append({"priority": claims.priority[1] or claims.priority[0]})
    if claims.delay:
        others += [{"after": 2 * HOUR, "at": None}, {"after": None, "at": 0}]
    others += [{"key": "other"}] if claims.keys else []
    others += [{"remember": 1}] if claims.remember else []
    return [structs.replace(first, **other) for other in others]


async def _stays_known(env: Env, client: RecordingBackend, first: Message, where: str) -> None:
    env.expect(await client.enqueue([first]), [Duplicate()], f"the same again, {where}")
    for other in _different(env, first):
        env.expect(await client.enqueue([other]), [Conflict()], f"something else under this id, {where}")


@check("E3")
async def the_same_id_is_the_same_job(env: Env) -> None:
    client = await env.client()
    first = message("a", headers={"job": "x"})
    await env.enqueue_ok(client, first)
    await _stays_known(env, client, first, "while it is ready")
    (delivery,) = await env.reserve_ok(client, "a")
    env.expect((delivery.message.body, delivery.attempt), (b"x", 1), "what is delivered after that")
    await _stays_known(env, client, first, "while a worker has it")
    await env.settled(client, RetryAt(delivery.token, after=0))
    await _stays_known(env, client, first, "while it is to be retried")
    (again,) = await env.reserve_ok(client, "a")
    env.expect(again.attempt, 2, "the attempt after that")


@check("E3", "delay", "clock")
async def the_same_id_does_not_move_what_is_scheduled(env: Env) -> None:
    client = await env.client()
    first = message("a", after=HOUR)
    await env.enqueue_ok(client, first)
    await env.advance(HOUR // 2)
    await _stays_known(env, client, first, "while it is scheduled")
    await env.advance(HOUR // 2)
    env.expect(await env.drain(client), ["a"], "what is granted when the first was due")


@check("E3", "dead_letters")
async def the_same_id_is_known_while_it_is_dead(env: Env) -> None:
    client = await env.client()
    first = message("a")
    await env.enqueue_ok(client, first)
    await env.dead_letter(client, "a")
    await _stays_known(env, client, first, "while it is dead")
    env.expect(await env.drain(client), [], "what is granted after that")


@check("E3", "keys")
async def a_conflict_takes_no_key(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message("a"))
    env.expect(await client.enqueue([message("a", key="k")]), [Conflict()], "the same id with a key")
    env.expect(words_of(await client.enqueue([message("b", key="k")])), ["accepted"], "another job with that key")


End = Callable[[Env, RecordingBackend, Delivery], Awaitable[None]]


async def _done(env: Env, client: RecordingBackend, delivery: Delivery) -> None:
    await env.settled(client, Done(delivery.token))


async def _cancelled(env: Env, client: RecordingBackend, delivery: Delivery) -> None:
    await env.settled(client, RetryAt(delivery.token, after=0))
    env.require(await client.cancel(["a"]) == [Cancelled()], "cancel did not end the job")


async def _deleted(env: Env, client: RecordingBackend, delivery: Delivery) -> None:
    env.require(await client.delete(["a"]) == [Deleted()], "delete did not remove the job")


async def _purged(env: Env, client: RecordingBackend, delivery: Delivery) -> None:
    await env.settled(client, RetryAt(delivery.token, after=0))
    env.require(await client.purge("q", State.READY, 1) == 1, "purge did not remove the job")


_ENDS: Final[tuple[tuple[str, End, tuple[str, ...]], ...]] = (
    ("done", _done, ()),
    ("cancelled", _cancelled, ("cancel",)),
    ("deleted", _deleted, ("inspect",)),
    ("purged", _purged, ("inspect",)),
)


def _after_an_end(end: End) -> Callable[[Env], Awaitable[None]]:
    async def a_new_job_under_an_old_id_is_new(env: Env) -> None:
        client = await env.client()
        await env.enqueue_ok(client, message("a", key="k" if env.capabilities.keys else None))
        (old,) = await env.reserve_ok(client, "a", lease=HOUR)
        await end(env, client, old)
        await _is_new(env, client, old)

    return a_new_job_under_an_old_id_is_new


async def _is_new(env: Env, client: RecordingBackend, old: Delivery) -> None:
    env.expect(words_of(await client.enqueue([message("a", body=b"new")])), ["accepted"], "the id again, after its end")
    if env.capabilities.keys:
        (other,) = await client.enqueue([message("b", queue="other", key="k")])
        env.check(isinstance(other, Accepted), f"the key of the old job is still taken: {other}")
    if env.capabilities.inspect:
        found = await env.stored(client, "a")
        seen = (found.state, found.attempt, found.reason, found.lease_end, found.cancelled)
        env.expect(seen, (State.READY, 0, None, None, False), "state, attempt, reason, lease and mark of the new job")
    env.expect(await client.settle([Done(old.token)]), [Stale()], "settle with the old job's token")
    found_now = await client.reserve(["q"], limit=2, lease=MINUTE)
    seen_now = [(each.message.id, each.message.body, each.attempt) for each in found_now]
    env.expect(seen_now, [("a", b"new", 1)], "the first delivery of the new job")


for _name, _end, _needs in _ENDS:
    add(Check("E6", _after_an_end(_end), _needs, _name))


@check("E6", "dead_letters", "inspect")
async def an_id_that_was_dead_and_deleted_is_new(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message("a"))
    (old,) = await env.reserve_ok(client, "a")
    await env.settled(client, RetryAt(old.token, after=0))
    await env.dead_letter(client, "a")
    env.require(await client.delete(["a"]) == [Deleted()], "delete did not remove the dead job")
    await _is_new(env, client, old)


@check("E7")
async def an_id_stays_known_after_its_end_exactly_as_long_as_asked(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message("a", remember=HOUR))
    (held,) = await env.reserve_ok(client, "a")
    await env.advance(2 * HOUR)
    await env.settled(client, Done(held.token))
    env.expect(await client.enqueue([message("a", remember=HOUR)]), [Duplicate()], "the same right after its end")
    env.expect(await client.enqueue([message("a", body=b"other")]), [Duplicate()], "something else under this id")
    await env.advance(HOUR - max(1, env.tolerance))
    env.expect(await client.enqueue([message("a")]), [Duplicate()], "the id just before it is forgotten")
    await env.advance(max(1, env.tolerance))
    env.expect(words_of(await client.enqueue([message("a")])), ["accepted"], "the id when it is forgotten")
    (new,) = await env.reserve_ok(client, "a")
    env.expect(new.attempt, 1, "the attempt of the new job")


@check("E7", "cancel")
async def a_cancelled_id_stays_known(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message("a", remember=HOUR), message("b", remember=HOUR))
    env.require(await client.cancel(["a"]) == [Cancelled()], "cancel did not end the job")
    env.expect(await client.enqueue([message("a", remember=HOUR)]), [Duplicate()], "the id of a cancelled job")
    await env.reserve_ok(client, "b", lease=MINUTE)
    await client.cancel(["b"])
    await env.advance(HOUR)  # over at its lease's end, an hour less a minute ago
    env.expect(
        await client.enqueue([message("b", remember=HOUR)]), [Duplicate()], "the id of one that ended with its lease"
    )
    await env.advance(MINUTE + NOISE)
    env.expect(words_of(await client.enqueue([message("a"), message("b")])), ["accepted"] * 2, "both when forgotten")


@check("E7", "inspect")
async def deleting_and_purging_forget_at_once(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message("a", remember=HOUR), message("b", remember=HOUR))
    await client.delete(["a"])
    await client.purge("q", State.READY, 10)
    outcomes = await client.enqueue([message("a"), message("b")])
    env.expect(words_of(outcomes), ["accepted", "accepted"], "the ids of a deleted and of a purged job")


@check("E7", "dead_letters", "retention")
async def an_id_dropped_from_the_dead_stays_known(env: Env) -> None:
    client = await env.client()
    retention = env.capabilities.retention or 0
    await env.enqueue_ok(client, message("a", remember=HOUR))
    await env.dead_letter(client, "a")
    await env.advance(retention + HOUR // 2)
    env.expect(await client.enqueue([message("a", body=b"other")]), [Duplicate()], "half an hour after it was dropped")
    await env.advance(HOUR)
    env.expect(words_of(await client.enqueue([message("a")])), ["accepted"], "an hour after that")


@check("E8")
async def what_was_enqueued_first_of_all_is_delivered(env: Env) -> None:
    producer = await env.client()
    await env.enqueue_ok(producer, message("a"), message("b"))
    worker = await env.client()
    found = await worker.reserve(["q"], limit=10, lease=MINUTE)
    env.expect(sorted(ids_of(found)), ["a", "b"], "the first reserve ever")
    env.expect(await worker.reserve(["q"], limit=10, lease=MINUTE), [], "what never was")


@check("E8")
async def a_producer_that_is_gone_has_enqueued(env: Env) -> None:
    producer = await env.client()
    await env.enqueue_ok(producer, message("a"))
    await producer.close()
    worker = await env.client()
    env.expect(await env.drain(worker), ["a"], "what a closed client had enqueued")


@check("E9")
async def a_queue_grants_its_own_jobs(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message("a", queue="mail"), message("b", queue="mai"))
    env.expect(ids_of(await client.reserve(["mai"], limit=10, lease=MINUTE)), ["b"], "queue mai")
    env.expect(await client.reserve(["mail:", "ma*"], limit=10, lease=MINUTE), [], "queues that hold nothing")
    env.expect(ids_of(await client.reserve(["mail"], limit=10, lease=MINUTE)), ["a"], "queue mail")


@check("E9", "inspect")
async def a_queue_shows_and_purges_its_own_jobs(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message("a", queue="mail"), message("b", queue="mai"))
    env.expect((await client.counts("mai")).ready, 1, "ready in mai")
    env.expect([job.message.id for job in (await client.peek("mai", State.READY)).jobs], ["b"], "peek of mai")
    env.expect(await client.queues(), ["mai", "mail"], "the queues")
    await client.purge("mai", State.READY, 10)
    env.expect(ids_of(await client.reserve(["mail"], limit=10, lease=MINUTE)), ["a"], "mail, after a purge of mai")


@check("E10")
async def namespaces_keep_to_themselves(env: Env) -> None:
    clients = [await env.client(f"{env.namespace}{suffix}") for suffix in ("", "x", ":q", ":q:", "x:q")]
    for place, client in enumerate(clients):
        env.expect(
            words_of(await client.enqueue([message("a", body=b"%d" % place)])), ["accepted"], "the same id in each"
        )
    held = [await env.reserve_ok(client, "a", lease=HOUR) for client in clients]
    env.expect([found.message.body for (found,) in held], [b"0", b"1", b"2", b"3", b"4"], "the body in each")
    env.expect(await clients[0].settle([Done(held[1][0].token)]), [Stale()], "settle with another namespace's token")
    await env.settled(clients[1], Done(held[1][0].token))
    env.expect(
        words_of(await clients[0].enqueue([message("a", body=b"0")])), ["duplicate"], "the id, when another's has ended"
    )


@check("E10", "keys", "inspect")
async def keys_and_looks_keep_to_their_namespace(env: Env) -> None:
    one, other = await env.client(f"{env.namespace}n"), await env.client(f"{env.namespace}n:q")
    await env.enqueue_ok(one, message("a", key="k"))
    env.expect(
        words_of(await other.enqueue([message("b", key="k")])), ["accepted"], "the same key in another namespace"
    )
    env.expect(await other.get(["a"]), [NotFound()], "get of the other's job")
    env.expect(await other.delete(["a"]), [NotFound()], "delete of the other's job")
    env.expect((await one.counts("q")).ready, 1, "ready in the first")


@check("E11")
async def twins_are_two_jobs(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message("a"), message("b"))
    env.expect(sorted(await env.drain(client)), ["a", "b"], "two that are equal in all but id")


@check("E11", "delay", "clock")
async def delayed_twins_are_two_jobs(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message("a", after=HOUR), message("b", after=HOUR))
    await env.advance(HOUR)
    env.expect(sorted(await env.drain(client)), ["a", "b"], "two that are equal in all but id, both delayed")
