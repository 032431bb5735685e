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


def _different(stage: Env, first: Message) -> list[Message]:
    """Messages with the same id that differ in one field."""
    claims = stage.capabilities
    others: list[dict[str, Any]] = [{"body": b"other"}, {"queue": "other"}, {"headers": {"job": "other"}}]
    if claims.priority:
        others.append({"priority": claims.priority[1] or claims.priority[0]})
    if claims.delay:
        others += [{"after": 2 * HOUR, "at": None}, {"after": None, "at": 0}]
    others += [{"key": "other"}] if claims.keys else []
    others += [{"remember": 1}] if claims.remember else []
    return [structs.replace(first, **other) for other in others]


async def _stays_known(stage: Env, client: RecordingBackend, first: Message, where: str) -> None:
    stage.expect(await client.enqueue([first]), [Duplicate()], f"the same again, {where}")
    for other in _different(stage, first):
        stage.expect(await client.enqueue([other]), [Conflict()], f"something else under this id, {where}")


@check("E3")
async def the_same_id_is_the_same_job(stage: Env) -> None:
    client = await stage.client()
    first = message("a", headers={"job": "x"})
    await stage.enqueue_ok(client, first)
    await _stays_known(stage, client, first, "while it is ready")
    (delivery,) = await stage.reserve_ok(client, "a")
    stage.expect((delivery.message.body, delivery.attempt), (b"x", 1), "what is delivered after that")
    await _stays_known(stage, client, first, "while a worker has it")
    await stage.settled(client, RetryAt(delivery.token, after=0))
    await _stays_known(stage, client, first, "while it is to be retried")
    (again,) = await stage.reserve_ok(client, "a")
    stage.expect(again.attempt, 2, "the attempt after that")


@check("E3", "delay", "clock")
async def the_same_id_does_not_move_what_is_scheduled(stage: Env) -> None:
    client = await stage.client()
    first = message("a", after=HOUR)
    await stage.enqueue_ok(client, first)
    await stage.advance(HOUR // 2)
    await _stays_known(stage, client, first, "while it is scheduled")
    await stage.advance(HOUR // 2)
    stage.expect(await stage.drain(client), ["a"], "what is granted when the first was due")


@check("E3", "dead_letters")
async def the_same_id_is_known_while_it_is_dead(stage: Env) -> None:
    client = await stage.client()
    first = message("a")
    await stage.enqueue_ok(client, first)
    await stage.dead_letter(client, "a")
    await _stays_known(stage, client, first, "while it is dead")
    stage.expect(await stage.drain(client), [], "what is granted after that")


@check("E3", "keys")
async def a_conflict_takes_no_key(stage: Env) -> None:
    client = await stage.client()
    await stage.enqueue_ok(client, message("a"))
    stage.expect(await client.enqueue([message("a", key="k")]), [Conflict()], "the same id with a key")
    stage.expect(words_of(await client.enqueue([message("b", key="k")])), ["accepted"], "another job with that key")


End = Callable[[Env, RecordingBackend, Delivery], Awaitable[None]]


async def _done(stage: Env, client: RecordingBackend, delivery: Delivery) -> None:
    await stage.settled(client, Done(delivery.token))


async def _cancelled(stage: Env, client: RecordingBackend, delivery: Delivery) -> None:
    await stage.settled(client, RetryAt(delivery.token, after=0))
    stage.require(await client.cancel(["a"]) == [Cancelled()], "cancel did not end the job")


async def _deleted(stage: Env, client: RecordingBackend, delivery: Delivery) -> None:
    stage.require(await client.delete(["a"]) == [Deleted()], "delete did not remove the job")


async def _purged(stage: Env, client: RecordingBackend, delivery: Delivery) -> None:
    await stage.settled(client, RetryAt(delivery.token, after=0))
    stage.require(await client.purge("q", State.READY, 1) == 1, "purge did not remove the job")


_ENDS: Final[tuple[tuple[str, End, tuple[str, ...]], ...]] = (
    ("done", _done, ()),
    ("cancelled", _cancelled, ("cancel",)),
    ("deleted", _deleted, ("inspect",)),
    ("purged", _purged, ("inspect",)),
)


def _after_an_end(end: End) -> Callable[[Env], Awaitable[None]]:
    async def a_new_job_under_an_old_id_is_new(stage: Env) -> None:
        client = await stage.client()
        await stage.enqueue_ok(client, message("a", key="k" if stage.capabilities.keys else None))
        (old,) = await stage.reserve_ok(client, "a", lease=HOUR)
        await end(stage, client, old)
        await _is_new(stage, client, old)

    return a_new_job_under_an_old_id_is_new


async def _is_new(stage: Env, client: RecordingBackend, old: Delivery) -> None:
    stage.expect(
        words_of(await client.enqueue([message("a", body=b"new")])), ["accepted"], "the id again, after its end"
    )
    if stage.capabilities.keys:
        (other,) = await client.enqueue([message("b", queue="other", key="k")])
        stage.check(isinstance(other, Accepted), f"the key of the old job is still taken: {other}")
    if stage.capabilities.inspect:
        found = await stage.stored(client, "a")
        seen = (found.state, found.attempt, found.reason, found.lease_end, found.cancelled)
        stage.expect(seen, (State.READY, 0, None, None, False), "state, attempt, reason, lease and mark of the new job")
    stage.expect(await client.settle([Done(old.token)]), [Stale()], "settle with the old job's token")
    found_now = await client.reserve(["q"], limit=2, lease=MINUTE)
    seen_now = [(each.message.id, each.message.body, each.attempt) for each in found_now]
    stage.expect(seen_now, [("a", b"new", 1)], "the first delivery of the new job")


for _name, _end, _needs in _ENDS:
    add(Check("E6", _after_an_end(_end), _needs, _name))


@check("E6", "dead_letters", "inspect")
async def an_id_that_was_dead_and_deleted_is_new(stage: Env) -> None:
    client = await stage.client()
    await stage.enqueue_ok(client, message("a"))
    (old,) = await stage.reserve_ok(client, "a")
    await stage.settled(client, RetryAt(old.token, after=0))
    await stage.dead_letter(client, "a")
    stage.require(await client.delete(["a"]) == [Deleted()], "delete did not remove the dead job")
    await _is_new(stage, client, old)


@check("E7")
async def an_id_stays_known_after_its_end_exactly_as_long_as_asked(stage: Env) -> None:
    client = await stage.client()
    await stage.enqueue_ok(client, message("a", remember=HOUR))
    (held,) = await stage.reserve_ok(client, "a")
    await stage.advance(2 * HOUR)
    await stage.settled(client, Done(held.token))
    stage.expect(await client.enqueue([message("a", remember=HOUR)]), [Duplicate()], "the same right after its end")
    stage.expect(await client.enqueue([message("a", body=b"other")]), [Duplicate()], "something else under this id")
    await stage.advance(HOUR - max(1, stage.tolerance))
    stage.expect(await client.enqueue([message("a")]), [Duplicate()], "the id just before it is forgotten")
    await stage.advance(max(1, stage.tolerance))
    stage.expect(words_of(await client.enqueue([message("a")])), ["accepted"], "the id when it is forgotten")
    (new,) = await stage.reserve_ok(client, "a")
    stage.expect(new.attempt, 1, "the attempt of the new job")


@check("E7", "cancel")
async def a_cancelled_id_stays_known(stage: Env) -> None:
    client = await stage.client()
    await stage.enqueue_ok(client, message("a", remember=HOUR), message("b", remember=HOUR))
    stage.require(await client.cancel(["a"]) == [Cancelled()], "cancel did not end the job")
    stage.expect(await client.enqueue([message("a", remember=HOUR)]), [Duplicate()], "the id of a cancelled job")
    await stage.reserve_ok(client, "b", lease=MINUTE)
    await client.cancel(["b"])
    await stage.advance(HOUR)  # over at its lease's end, an hour less a minute ago
    stage.expect(
        await client.enqueue([message("b", remember=HOUR)]), [Duplicate()], "the id of one that ended with its lease"
    )
    await stage.advance(MINUTE + NOISE)
    stage.expect(words_of(await client.enqueue([message("a"), message("b")])), ["accepted"] * 2, "both when forgotten")


@check("E7", "inspect")
async def deleting_and_purging_forget_at_once(stage: Env) -> None:
    client = await stage.client()
    await stage.enqueue_ok(client, message("a", remember=HOUR), message("b", remember=HOUR))
    await client.delete(["a"])
    await client.purge("q", State.READY, 10)
    outcomes = await client.enqueue([message("a"), message("b")])
    stage.expect(words_of(outcomes), ["accepted", "accepted"], "the ids of a deleted and of a purged job")


@check("E7", "dead_letters", "retention")
async def an_id_dropped_from_the_dead_stays_known(stage: Env) -> None:
    client = await stage.client()
    retention = stage.capabilities.retention or 0
    await stage.enqueue_ok(client, message("a", remember=HOUR))
    await stage.dead_letter(client, "a")
    await stage.advance(retention + HOUR // 2)
    stage.expect(
        await client.enqueue([message("a", body=b"other")]), [Duplicate()], "half an hour after it was dropped"
    )
    await stage.advance(HOUR)
    stage.expect(words_of(await client.enqueue([message("a")])), ["accepted"], "an hour after that")


@check("E8")
async def what_was_enqueued_first_of_all_is_delivered(stage: Env) -> None:
    producer = await stage.client()
    await stage.enqueue_ok(producer, message("a"), message("b"))
    worker = await stage.client()
    found = await worker.reserve(["q"], limit=10, lease=MINUTE)
    stage.expect(sorted(ids_of(found)), ["a", "b"], "the first reserve ever")
    stage.expect(await worker.reserve(["q"], limit=10, lease=MINUTE), [], "what never was")


@check("E8")
async def a_producer_that_is_gone_has_enqueued(stage: Env) -> None:
    producer = await stage.client()
    await stage.enqueue_ok(producer, message("a"))
    await producer.close()
    worker = await stage.client()
    stage.expect(await stage.drain(worker), ["a"], "what a closed client had enqueued")


@check("E9")
async def a_queue_grants_its_own_jobs(stage: Env) -> None:
    client = await stage.client()
    await stage.enqueue_ok(client, message("a", queue="mail"), message("b", queue="mai"))
    stage.expect(ids_of(await client.reserve(["mai"], limit=10, lease=MINUTE)), ["b"], "queue mai")
    stage.expect(await client.reserve(["mail:", "ma*"], limit=10, lease=MINUTE), [], "queues that hold nothing")
    stage.expect(ids_of(await client.reserve(["mail"], limit=10, lease=MINUTE)), ["a"], "queue mail")


@check("E9", "inspect")
async def a_queue_shows_and_purges_its_own_jobs(stage: Env) -> None:
    client = await stage.client()
    await stage.enqueue_ok(client, message("a", queue="mail"), message("b", queue="mai"))
    stage.expect((await client.counts("mai")).ready, 1, "ready in mai")
    stage.expect([job.message.id for job in (await client.peek("mai", State.READY)).jobs], ["b"], "peek of mai")
    stage.expect(await client.queues(), ["mai", "mail"], "the queues")
    await client.purge("mai", State.READY, 10)
    stage.expect(ids_of(await client.reserve(["mail"], limit=10, lease=MINUTE)), ["a"], "mail, after a purge of mai")


@check("E10")
async def namespaces_keep_to_themselves(stage: Env) -> None:
    clients = [await stage.client(f"{stage.namespace}{suffix}") for suffix in ("", "x", ":q", ":q:", "x:q")]
    for place, client in enumerate(clients):
        stage.expect(
            words_of(await client.enqueue([message("a", body=b"%d" % place)])), ["accepted"], "the same id in each"
        )
    held = [await stage.reserve_ok(client, "a", lease=HOUR) for client in clients]
    stage.expect([found.message.body for (found,) in held], [b"0", b"1", b"2", b"3", b"4"], "the body in each")
    stage.expect(await clients[0].settle([Done(held[1][0].token)]), [Stale()], "settle with another namespace's token")
    await stage.settled(clients[1], Done(held[1][0].token))
    stage.expect(
        words_of(await clients[0].enqueue([message("a", body=b"0")])), ["duplicate"], "the id, when another's has ended"
    )


@check("E10", "keys", "inspect")
async def keys_and_looks_keep_to_their_namespace(stage: Env) -> None:
    one, other = await stage.client(f"{stage.namespace}n"), await stage.client(f"{stage.namespace}n:q")
    await stage.enqueue_ok(one, message("a", key="k"))
    stage.expect(
        words_of(await other.enqueue([message("b", key="k")])), ["accepted"], "the same key in another namespace"
    )
    stage.expect(await other.get(["a"]), [NotFound()], "get of the other's job")
    stage.expect(await other.delete(["a"]), [NotFound()], "delete of the other's job")
    stage.expect((await one.counts("q")).ready, 1, "ready in the first")


@check("E11")
async def twins_are_two_jobs(stage: Env) -> None:
    client = await stage.client()
    await stage.enqueue_ok(client, message("a"), message("b"))
    stage.expect(sorted(await stage.drain(client)), ["a", "b"], "two that are equal in all but id")


@check("E11", "delay", "clock")
async def delayed_twins_are_two_jobs(stage: Env) -> None:
    client = await stage.client()
    await stage.enqueue_ok(client, message("a", after=HOUR), message("b", after=HOUR))
    await stage.advance(HOUR)
    stage.expect(sorted(await stage.drain(client)), ["a", "b"], "two that are equal in all but id, both delayed")
