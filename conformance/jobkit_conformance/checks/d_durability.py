"""D, durability: what survives a restart, and a call that is cut."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable
from typing import TypeVar

from jobkit.backend import (
    Dead,
    Done,
    Duplicate,
    Extended,
    Extension,
    KeyTaken,
    Release,
    Requeued,
    RetryAt,
    Settled,
    Stored,
)
from jobkit.errors import BackendUnavailable
from jobkit.lifecycle import State
from jobkit_conformance.checks.registry import check
from jobkit_conformance.env import HOUR, MINUTE, Env, message
from jobkit_conformance.history.recording import RecordingBackend

T = TypeVar("T")

SETTLING = 0.5
"""Seconds that the reporting of a fault may take beyond what is declared."""


@check("D1")
async def jobs_and_leases_survive_a_restart(env: Env) -> None:
    client = await env.client()
    body = bytes(range(256))
    await env.enqueue_ok(client, message("ready", body=body, headers={"job": "x"}), message("leased", queue="r"))
    (crashed,) = await env.reserve_ok(client, "leased", queue="r", lease=MINUTE)
    env.require(crashed.attempt == 1, "the first attempt is not 1")
    await env.advance(2 * MINUTE)
    (held,) = await env.reserve_ok(client, "leased", queue="r", lease=HOUR)
    await env.restart()
    other = await env.client()
    found = await env.granted(other, "reserve of what was ready")
    env.expect((found.message.body, dict(found.message.headers)), (body, {"job": "x"}), "what was ready")
    env.expect(await other.reserve(["r"], limit=1, lease=MINUTE), [], "reserve of what is leased")
    await env.advance(HOUR + env.tolerance)
    again = await env.granted(other, "reserve after the lease", queue="r")
    env.expect(again.attempt, 3, "the attempt after the lease")
    env.check(again.number > held.number, f"the delivery number {again.number} does not grow")


@check("D1")
async def a_token_survives_a_restart(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message("a"), message("b"))
    (one, two) = await env.reserve_ok(client, "a", "b", lease=HOUR)
    await env.restart()
    other = await env.client()
    (extended,) = await other.extend([Extension(one.token, 2 * HOUR)])
    env.check(isinstance(extended, Extended), f"extend after a restart answered {extended}")
    env.expect(await other.settle([Done(one.token), Release(two.token)]), [Settled(), Settled()], "settle after it")
    env.expect(await env.drain(other), ["b"], "what is granted after that")


@check("D1", "delay")
async def due_times_survive_a_restart(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message("later", after=HOUR), message("retried"))
    (held,) = await env.reserve_ok(client, "retried")
    await env.settled(client, RetryAt(held.token, after=HOUR))
    await env.restart()
    other = await env.client()
    env.expect(await env.drain(other), [], "what is granted before its time")
    await env.advance(HOUR + env.tolerance)
    env.expect(sorted(await env.drain(other)), ["later", "retried"], "what is granted at its time")


@check("D1", "keys")
async def keys_survive_a_restart(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message("a", key="k"))
    await env.restart()
    other = await env.client()
    env.expect(await other.enqueue([message("b", key="k")]), [KeyTaken(by="a")], "another job with the key")
    env.expect(await other.enqueue([message("a", key="k")]), [Duplicate()], "the same job")


@check("D1", "dead_letters", "inspect")
async def the_dead_survive_a_restart(env: Env) -> None:
    client = await env.client()
    await env.enqueue_ok(client, message())
    await env.dead_letter(client, "a", reason="because")
    await env.restart()
    other = await env.client()
    (found,) = await other.get(["a"])
    env.expect(getattr(found, "reason", None), "because", "the reason of a dead job")
    env.expect(await other.requeue(["a"]), [Requeued()], "requeue of it")


CUTS = 30
"""How often connections are cut, each time a little later in a call."""


async def _cut_during(env: Env, call: Awaitable[T], turn: int, beside: RecordingBackend) -> T | None:
    """Cut every connection while a call is in flight; its answer, or None where it did not get one.

    ``beside`` has lost its connection too: whether its own next call meets that is not the question.
    """
    calling = asyncio.ensure_future(call)
    for _ in range(turn):
        await asyncio.sleep(0)
    await env.drop()
    with contextlib.suppress(BackendUnavailable):
        await beside.reserve(["elsewhere"], limit=1, lease=HOUR)
    try:
        return await env.within(calling, "a call whose connection was cut")
    except BackendUnavailable:
        return None


@check("E4")
async def an_enqueue_that_was_repeated_is_accepted_once(env: Env) -> None:
    client, worker = await env.client(own_time=True), await env.client(own_time=True)
    for turn in range(CUTS):
        ids = [f"{turn} {place}" for place in range(3)]
        queue = f"q{turn}"
        answer = await _cut_during(env, client.enqueue([message(id, queue=queue) for id in ids]), turn, worker)
        if answer is not None:
            kinds = {type(outcome).__name__ for outcome in answer}
            env.expect(
                kinds, {"Accepted"}, f"what a first enqueue answers whose connection was cut {turn} turns into it"
            )
        granted = await env.drain(worker, [queue], lease=HOUR)
        env.check(sorted(granted) in (ids, []), f"{granted} of three messages are there")
        env.check(granted or answer is None, "what was accepted is not there")


@check("E4")
async def a_repeat_revives_nothing_that_was_done_meanwhile(env: Env) -> None:
    client, worker = await env.client(own_time=True), await env.client(own_time=True)
    for turn in range(CUTS):
        queue, performed = f"q{turn}", list[str]()
        working = asyncio.create_task(_work(worker, queue, performed))
        await _cut_during(env, client.enqueue([message(f"{turn}", queue=queue)]), turn, worker)
        await working
        await _work(worker, queue, performed)
        env.check(len(performed) <= 1, f"a job was performed {len(performed)} times that was enqueued in one call")


async def _work(worker: RecordingBackend, queue: str, performed: list[str]) -> None:
    for _ in range(10):
        with contextlib.suppress(BackendUnavailable):
            for held in await worker.reserve([queue], limit=1, lease=HOUR):
                performed.append(held.message.id)
                await worker.settle([Done(held.token)])
        await asyncio.sleep(0)


@check("E4", "inspect")
async def a_reserve_that_was_repeated_takes_once(env: Env) -> None:
    client, other = await env.client(own_time=True), await env.client(own_time=True)
    for turn in range(CUTS):
        queue = f"q{turn}"
        await env.enqueue_ok(other, *(message(f"{turn} {place}", queue=queue) for place in range(6)))
        answer = await _cut_during(env, client.reserve([queue], limit=2, lease=HOUR), turn, other)
        if answer is not None:
            leased = (await other.counts(queue)).leased
            env.expect(leased, len(answer), f"how many are leased after a reserve that was cut {turn} turns into it")


@check("E4")
async def a_settle_that_was_repeated_counts_once(env: Env) -> None:
    client, other = await env.client(own_time=True), await env.client(own_time=True)
    for turn in range(CUTS):
        queue = f"q{turn}"
        await env.enqueue_ok(other, message(f"{turn}", queue=queue))
        (held,) = await env.reserve_ok(other, f"{turn}", queue=queue, lease=HOUR)
        answer = await _cut_during(env, client.settle([RetryAt(held.token, after=0)]), turn, other)
        names = [type(outcome).__name__ for outcome in answer] if answer is not None else []
        env.check(
            names in (["Settled"], ["Indeterminate"], []), f"a first settle whose connection was cut answered {names}"
        )
        found = await other.reserve([queue], limit=2, lease=HOUR)
        env.check(len(found) <= 1, f"{len(found)} copies are granted after a retry")
        env.check(found or names != ["Settled"], "nothing is granted after a retry that was settled")


@check("D3")
async def no_cut_call_loses_a_job(env: Env) -> None:
    client, other = await env.client(own_time=True), await env.client(own_time=True)
    ids: list[str] = []
    lease = 30
    for turn in range(CUTS):
        id = f"{turn:02}"
        await env.enqueue_ok(other, message(id))
        ids.append(id)
        found = await _cut_during(env, client.reserve(["q"], limit=1, lease=lease), turn // 2, other)
        for held in found or []:
            how = Release(held.token) if turn % 2 else RetryAt(held.token, after=0)
            await _cut_during(env, client.settle([how]), turn // 2, other)
    await asyncio.sleep(2 * lease / 1000)
    granted = await env.drain(other, lease=HOUR)
    env.expect(sorted(granted), ids, "what is granted in the end of thirty jobs whose calls were cut")


@check("D3", "dead_letters", "inspect")
async def no_cut_settle_loses_a_dead_job(env: Env) -> None:
    client, other = await env.client(own_time=True), await env.client(own_time=True)
    for turn in range(CUTS // 2):
        id = f"{turn:02}"
        await env.enqueue_ok(other, message(id, queue=id))
        (held,) = await env.reserve_ok(other, id, queue=id, lease=HOUR)
        await _cut_during(env, client.settle([Dead(held.token, "why")]), turn, other)
        (found,) = await other.get([id])
        state = found.state if isinstance(found, Stored) else None
        env.check(state in (State.LEASED, State.DEAD), f"a job whose settle as dead was cut is {state}")
