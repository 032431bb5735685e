"""K: at most one live job for a key, and no key that stays behind."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from jobkit.backend import (
    Accepted,
    Cancelled,
    CancelPending,
    Dead,
    Deleted,
    Delivery,
    Done,
    Extension,
    KeyTaken,
    Release,
    Requeued,
    RetryAt,
)
from jobkit.lifecycle import State
from jobkit_conformance.checks.registry import Check, add, check
from jobkit_conformance.env import HOUR, MINUTE, Env, message
from jobkit_conformance.history.recording import RecordingBackend


@check("K1")
async def of_many_at_once_one_has_the_key(stage: Env) -> None:
    clients = await stage.clients(8)
    calls = [clients[number % 8].enqueue([message(f"m{number:02}", key="k")]) for number in range(64)]
    stage.random.shuffle(calls)
    outcomes = [outcome for (outcome,) in await asyncio.gather(*calls)]
    accepted = [outcome for outcome in outcomes if isinstance(outcome, Accepted)]
    stage.expect(len(accepted), 1, "how many of 64 enqueues at once were accepted")
    granted = await stage.drain(clients[0])
    stage.expect(len(granted), 1, "how many are granted")
    others = {outcome for outcome in outcomes if not isinstance(outcome, Accepted)}
    stage.expect(others, {KeyTaken(by=granted[0])}, "what the others were told")


@check("K1")
async def a_key_is_held_in_every_queue(stage: Env) -> None:
    client = await stage.client()
    await stage.enqueue_ok(client, message("a", key="k"), message("none"), message("other", key="K"))
    for queue in ("q", "r"):
        (outcome,) = await client.enqueue([message("b", queue=queue, key="k")])
        stage.expect(outcome, KeyTaken(by="a"), f"another job with that key in queue {queue}")
    stage.expect(sorted(await stage.drain(client, ["q", "r"])), ["a", "none", "other"], "what is granted")


@check("K1", "dead_letters")
async def a_requeue_is_refused_while_another_has_the_key(stage: Env) -> None:
    client = await stage.client()
    await stage.enqueue_ok(client, message("dead", key="k"))
    await stage.dead_letter(client, "dead")
    await stage.enqueue_ok(client, message("live", key="k"))
    stage.expect(await client.requeue(["dead"]), [KeyTaken(by="live")], "requeue of a job whose key another has")
    (held,) = await stage.reserve_ok(client, "live")
    await stage.settled(client, Done(held.token))
    stage.expect(await client.requeue(["dead"]), [Requeued()], "requeue when the other is done")
    stage.expect(await client.enqueue([message("b", key="k")]), [KeyTaken(by="dead")], "the key after that")


async def _is_free(stage: Env, client: RecordingBackend, when: str) -> None:
    (outcome,) = await client.enqueue([message("next", key="k")])
    stage.check(isinstance(outcome, Accepted), f"another job with the key, {when}, answered {outcome}")


async def _is_held(stage: Env, client: RecordingBackend, when: str) -> None:
    stage.expect(
        await client.enqueue([message("next", key="k")]), [KeyTaken(by="a")], f"another job with the key, {when}"
    )


End: TypeAlias = Callable[[Env, RecordingBackend, Delivery], Awaitable[None]]


async def _done(stage: Env, client: RecordingBackend, held: Delivery) -> None:
    await stage.settled(client, Done(held.token))


async def _dead(stage: Env, client: RecordingBackend, held: Delivery) -> None:
    await stage.settled(client, Dead(held.token, "why"))


async def _cancelled(stage: Env, client: RecordingBackend, held: Delivery) -> None:
    await stage.settled(client, Release(held.token))
    stage.require(await client.cancel(["a"]) == [Cancelled()], "cancel did not end the job")


async def _marked_and_settled(stage: Env, client: RecordingBackend, held: Delivery) -> None:
    stage.require(await client.cancel(["a"]) == [CancelPending()], "cancel did not mark the job")
    await stage.settled(client, RetryAt(held.token, after=0))


async def _marked_and_run_out(stage: Env, client: RecordingBackend, held: Delivery) -> None:
    stage.require(await client.cancel(["a"]) == [CancelPending()], "cancel did not mark the job")
    await stage.advance(2 * MINUTE)


async def _deleted(stage: Env, client: RecordingBackend, held: Delivery) -> None:
    await stage.settled(client, Release(held.token))
    stage.require(await client.delete(["a"]) == [Deleted()], "delete did not remove the job")


async def _deleted_while_leased(stage: Env, client: RecordingBackend, held: Delivery) -> None:
    stage.require(await client.delete(["a"]) == [Deleted()], "delete did not remove the leased job")


async def _purged(stage: Env, client: RecordingBackend, held: Delivery) -> None:
    await stage.settled(client, Release(held.token))
    stage.require(await client.purge("q", State.READY, 1) == 1, "purge did not remove the job")


_ENDS: Final[tuple[tuple[str, End, tuple[str, ...]], ...]] = (
    ("done", _done, ()),
    ("dead", _dead, ("dead_letters",)),
    ("cancelled", _cancelled, ("cancel",)),
    ("cancelled while leased, and settled", _marked_and_settled, ("cancel",)),
    ("cancelled while leased, and run out", _marked_and_run_out, ("cancel", "clock")),
    ("deleted", _deleted, ("inspect",)),
    ("deleted while leased", _deleted_while_leased, ("inspect",)),
    ("purged", _purged, ("inspect",)),
)


def _after(end: End) -> Callable[[Env], Awaitable[None]]:
    async def the_end_of_a_job_frees_its_key(stage: Env) -> None:
        client = await stage.client()
        await stage.enqueue_ok(client, message("a", key="k"))
        (held,) = await stage.reserve_ok(client, "a")
        await end(stage, client, held)
        await _is_free(stage, client, "right after the end of the first")

    return the_end_of_a_job_frees_its_key


for _words, _end, _needs in _ENDS:
    add(Check("K2", _after(_end), _needs, _words))


@check("K2", "dead_letters", "inspect")
async def the_end_of_a_dead_job_frees_nobody_s_key(stage: Env) -> None:
    client = await stage.client()
    await stage.enqueue_ok(client, message("dead", key="k"))
    await stage.dead_letter(client, "dead")
    await stage.enqueue_ok(client, message("a", key="k"))
    stage.require(await client.delete(["dead"]) == [Deleted()], "delete did not remove the dead job")
    await _is_held(stage, client, "after a dead job was deleted that once had it")


@check("K3")
async def giving_back_frees_no_key(stage: Env) -> None:
    client = await stage.client()
    await stage.enqueue_ok(client, message("a", key="k"))
    (held,) = await stage.reserve_ok(client, "a")
    await _is_held(stage, client, "while a worker has the first")
    await stage.settled(client, Release(held.token))
    await _is_held(stage, client, "after a release")
    (held,) = await stage.reserve_ok(client, "a")
    await stage.settled(client, RetryAt(held.token, after=0))
    await _is_held(stage, client, "after a retry")
    stage.expect(await stage.drain(client), ["a"], "what is granted in the end")


@check("K3", "clock")
async def a_crash_frees_no_key(stage: Env) -> None:
    client = await stage.client()
    await stage.enqueue_ok(client, message("a", key="k"))
    (held,) = await stage.reserve_ok(client, "a")
    await client.extend([Extension(held.token, MINUTE)])
    await stage.advance(2 * MINUTE)
    await _is_held(stage, client, "after a lease that ran out")
    await stage.reserve_ok(client, "a")
    await _is_held(stage, client, "when somebody else has the first")


@check("K3", "delay", "clock")
async def coming_due_frees_no_key(stage: Env) -> None:
    client = await stage.client()
    await stage.enqueue_ok(client, message("a", key="k", after=HOUR))
    await _is_held(stage, client, "while the first is scheduled")
    await stage.advance(2 * HOUR)
    await _is_held(stage, client, "when the first is due")
    (held,) = await stage.reserve_ok(client, "a")
    await stage.settled(client, RetryAt(held.token, after=HOUR))
    await _is_held(stage, client, "while the first waits for its retry")
    await stage.advance(HOUR)
    stage.expect(await stage.drain(client), ["a"], "what is granted in the end")


@check("K3", "dead_letters")
async def a_refused_requeue_frees_no_key(stage: Env) -> None:
    client = await stage.client()
    await stage.enqueue_ok(client, message("dead", key="k"))
    await stage.dead_letter(client, "dead")
    await stage.enqueue_ok(client, message("a", key="k"))
    stage.require(await client.requeue(["dead"]) == [KeyTaken(by="a")], "requeue was not refused")
    await _is_held(stage, client, "after a requeue that was refused")


@check("K3")
async def a_refused_enqueue_frees_no_key(stage: Env) -> None:
    client = await stage.client()
    first = message("a", key="k")
    await stage.enqueue_ok(client, first)
    await client.enqueue([first])
    await client.enqueue([message("a", body=b"other", key="k"), message("a")])
    await _is_held(stage, client, "after its id came again")
