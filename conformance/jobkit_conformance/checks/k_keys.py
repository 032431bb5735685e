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
async def of_many_at_once_one_has_the_key(env: Env) -> None:
    clients = await env.clients(8)
    calls = [clients[number % 8].enqueue([message(f"m{number:02}", key="k")]) for number in range(64)]
    env.random.shuffle(calls)
    outcomes = [outcome for (outcome,) in await asyncio.gather(*calls)]
    accepted = [outcome for outcome in outcomes if isinstance(outcome, Accepted)]
    env.expect(len(accepted), 1, "how many of 64 enqueues at once were accepted")
    granted = await env.drain(clients[0])
    env.expect(len(granted), 1, "how many are granted")
    others = {outcome for outcome in outcomes if not isinstance(outcome, Accepted)}
    env.expect(others, {KeyTaken(by=granted[0])}, "what the others were told")


@check("K1")
async def a_key_is_held_in_every_queue(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message("a", key="k"), message("none"), message("other", key="K"))
    for queue in ("q", "r"):
        (outcome,) = await client.enqueue([message("b", queue=queue, key="k")])
        env.expect(outcome, KeyTaken(by="a"), f"another job with that key in queue {queue}")
    env.expect(sorted(await env.drain(client, ["q", "r"])), ["a", "none", "other"], "what is granted")


@check("K1", "dead_letters")
async def a_requeue_is_refused_while_another_has_the_key(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message("dead", key="k"))
    await env.dead_letter(client, "dead")
    await env.enqueue_ok(client, message("live", key="k"))
    env.expect(await client.requeue(["dead"]), [KeyTaken(by="live")], "requeue of a job whose key another has")
    (held,) = await env.reserve_ok(client, "live")
    await env.settled(client, Done(held.token))
    env.expect(await client.requeue(["dead"]), [Requeued()], "requeue when the other is done")
    env.expect(await client.enqueue([message("b", key="k")]), [KeyTaken(by="dead")], "the key after that")


async def _is_free(env: Env, client: RecordingBackend, when: str) -> None:
    (outcome,) = await client.enqueue([message("next", key="k")])
    env.check(isinstance(outcome, Accepted), f"another job with the key, {when}, answered {outcome}")


async def _is_held(env: Env, client: RecordingBackend, when: str) -> None:
    env.expect(
        await client.enqueue([message("next", key="k")]), [KeyTaken(by="a")], f"another job with the key, {when}"
    )


End: TypeAlias = Callable[[Env, RecordingBackend, Delivery], Awaitable[None]]


async def _done(env: Env, client: RecordingBackend, held: Delivery) -> None:
    await env.settled(client, Done(held.token))


async def _dead(env: Env, client: RecordingBackend, held: Delivery) -> None:
    await env.settled(client, Dead(held.token, "why"))


async def _cancelled(env: Env, client: RecordingBackend, held: Delivery) -> None:
    await env.settled(client, Release(held.token))
    env.require(await client.cancel(["a"]) == [Cancelled()], "cancel did not end the job")


async def _marked_and_settled(env: Env, client: RecordingBackend, held: Delivery) -> None:
    env.require(await client.cancel(["a"]) == [CancelPending()], "cancel did not mark the job")
    await env.settled(client, RetryAt(held.token, after=0))


async def _marked_and_run_out(env: Env, client: RecordingBackend, held: Delivery) -> None:
    env.require(await client.cancel(["a"]) == [CancelPending()], "cancel did not mark the job")
    await env.advance(2 * MINUTE)


async def _deleted(env: Env, client: RecordingBackend, held: Delivery) -> None:
    await env.settled(client, Release(held.token))
    env.require(await client.delete(["a"]) == [Deleted()], "delete did not remove the job")


async def _deleted_while_leased(env: Env, client: RecordingBackend, held: Delivery) -> None:
    env.require(await client.delete(["a"]) == [Deleted()], "delete did not remove the leased job")


async def _purged(env: Env, client: RecordingBackend, held: Delivery) -> None:
    await env.settled(client, Release(held.token))
    env.require(await client.purge("q", State.READY, 1) == 1, "purge did not remove the job")


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
    async def the_end_of_a_job_frees_its_key(env: Env) -> None:
        client = await env.client()
        await env.enqueue_ok(client, message("a", key="k"))
        (held,) = await env.reserve_ok(client, "a")
        await end(env, client, held)
        await _is_free(env, client, "right after the end of the first")

    return the_end_of_a_job_frees_its_key


for _words, _end, _needs in _ENDS:
    add(Check("K2", _after(_end), _needs, _words))


@check("K2", "dead_letters", "inspect")
async def the_end_of_a_dead_job_frees_nobody_s_key(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message("dead", key="k"))
    await env.dead_letter(client, "dead")
    await env.enqueue_ok(client, message("a", key="k"))
    env.require(await client.delete(["dead"]) == [Deleted()], "delete did not remove the dead job")
    await _is_held(env, client, "after a dead job was deleted that once had it")


@check("K3")
async def giving_back_frees_no_key(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message("a", key="k"))
    (held,) = await env.reserve_ok(client, "a")
    await _is_held(env, client, "while a worker has the first")
    await env.settled(client, Release(held.token))
    await _is_held(env, client, "after a release")
    (held,) = await env.reserve_ok(client, "a")
    await env.settled(client, RetryAt(held.token, after=0))
    await _is_held(env, client, "after a retry")
    env.expect(await env.drain(client), ["a"], "what is granted in the end")


@check("K3", "clock")
async def a_crash_frees_no_key(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message("a", key="k"))
    (held,) = await env.reserve_ok(client, "a")
    await client.extend([Extension(held.token, MINUTE)])
    await env.advance(2 * MINUTE)
    await _is_held(env, client, "after a lease that ran out")
    await env.reserve_ok(client, "a")
    await _is_held(env, client, "when somebody else has the first")


@check("K3", "delay", "clock")
async def coming_due_frees_no_key(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message("a", key="k", after=HOUR))
    await _is_held(env, client, "while the first is scheduled")
    await env.advance(2 * HOUR)
    await _is_held(env, client, "when the first is due")
    (held,) = await env.reserve_ok(client, "a")
    await env.settled(client, RetryAt(held.token, after=HOUR))
    await _is_held(env, client, "while the first waits for its retry")
    await env.advance(HOUR)
    env.expect(await env.drain(client), ["a"], "what is granted in the end")


@check("K3", "dead_letters")
async def a_refused_requeue_frees_no_key(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message("dead", key="k"))
    await env.dead_letter(client, "dead")
    await env.enqueue_ok(client, message("a", key="k"))
    env.require(await client.requeue(["dead"]) == [KeyTaken(by="a")], "requeue was not refused")
    await _is_held(env, client, "after a requeue that was refused")


@check("K3")
async def a_refused_enqueue_frees_no_key(env: Env) -> None:
    client = await env.client()
    first = message("a", key="k")
    await env.enqueue_ok(client, first)
    await client.enqueue([first])
    await client.enqueue([message("a", body=b"other", key="k"), message("a")])
    await _is_held(env, client, "after its id came again")
