"""R, races: many ask at once for what has just become theirs to take, and some give up half way."""

from __future__ import annotations

import asyncio

from jobkit_conformance.checks.giving_up import cancel_after
from jobkit_conformance.checks.registry import check
from jobkit_conformance.env import HOUR, MINUTE, Env, ids_of, message
from jobkit_conformance.history.recording import RecordingBackend

IDS = [f"m{number:02}" for number in range(24)]


async def _at_once(env: Env, clients: list[RecordingBackend], what: str) -> None:
    """Each of these is granted to one of those who ask at once, and nobody has to ask twice."""
    calls = [client.reserve(["q"], limit=6, lease=HOUR) for client in clients]
    granted = [id for found in await asyncio.gather(*calls) for id in ids_of(found)]
    twice = sorted({id for id in granted if granted.count(id) > 1})
    env.check(not twice, f"{what}: granted to several at once are {', '.join(twice)}")
    granted += await env.drain(clients[0], lease=HOUR)
    env.expect(sorted(granted), IDS, f"{what}: all that was granted, with those left over")


@check("R1", "delay", "clock")
async def what_becomes_due_for_many_is_granted_to_one(env: Env) -> None:
    clients = await env.clients(8)
    await env.enqueue_ok(clients[0], *(message(id, after=HOUR) for id in IDS))
    await env.advance(HOUR + env.tolerance)
    await _at_once(env, clients, "eight who reserve when 24 have become due")


@check("R1", "clock")
async def what_was_lost_is_granted_to_one(env: Env) -> None:
    lost, *clients = await env.clients(9)
    await env.enqueue_ok(lost, *map(message, IDS))
    env.require(sorted(await env.drain(lost)) == IDS, "not all were granted")
    await env.advance(2 * MINUTE)
    await _at_once(env, clients, "eight who reserve when 24 leases have run out")


@check("R4", "clock")
async def who_gives_up_while_it_recovers_loses_nothing(env: Env) -> None:
    lost = await env.client()
    await env.enqueue_ok(lost, *map(message, IDS))
    env.require(sorted(await env.drain(lost)) == IDS, "not all were granted")
    await env.advance(2 * MINUTE)
    await _twelve_give_up(env, "what was lost")


@check("R4", "clock", "delay")
async def who_gives_up_while_what_is_due_is_made_ready_loses_nothing(env: Env) -> None:
    await env.enqueue_ok(await env.client(), *(message(id, after=MINUTE) for id in IDS))
    await env.advance(2 * MINUTE)
    await _twelve_give_up(env, "what had become due")


@check("R3", "clock", "delay")
async def who_gives_up_while_what_is_due_is_made_ready_takes_nothing(env: Env) -> None:
    await env.enqueue_ok(await env.client(), *(message(id, after=MINUTE) for id in IDS))
    await env.advance(2 * MINUTE)
    await _twelve_give_up(env, "what had become due")


async def _twelve_give_up(env: Env, taken: str) -> None:
    """Each a little later than the one before; then all has to be there.

    What they had begun is over once they are closed: a store that is slow may still be at it when they gave up.
    """
    clients = await env.clients(12)
    for turns, client in enumerate(clients):
        await cancel_after(turns, asyncio.create_task(client.reserve(["q"], limit=2, lease=MINUTE)))
    for client in clients:
        await client.close()
    await env.advance(2 * MINUTE + env.capabilities.slack + env.tolerance)
    what = f"what is granted after twelve who gave up while they took {taken}"
    env.expect(sorted(await env.drain(await env.client())), IDS, what)
