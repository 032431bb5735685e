"""D, faults: what a client does when calls fail, and what a fault looks like."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from typing import TypeVar

from jobkit.backend import (
    Accepted,
    Dead,
    Done,
    Extended,
    Extension,
    Release,
    RetryAt,
    Settled,
    Settlement,
)
from jobkit.errors import BackendFull, BackendUnavailable, JobkitError
from jobkit_conformance.checks.registry import check
from jobkit_conformance.env import HOUR, Env, message
from jobkit_conformance.history.recording import RecordingBackend
from jobkit_conformance.log_capture import capture_all

T = TypeVar("T")

SETTLING = 0.5
"""Seconds that the reporting of a fault may take beyond what is declared."""


async def _works(env: Env, client: RecordingBackend, turn: str) -> None:
    """See that every verb of a client works."""
    (accepted,) = await client.enqueue([message(turn, queue=turn)])
    env.check(isinstance(accepted, Accepted), f"enqueue {turn} answered {accepted}")
    held = await env.granted(client, f"reserve {turn}", queue=turn, lease=HOUR)
    (extended,) = await client.extend([Extension(held.token, HOUR)])
    env.check(isinstance(extended, Extended), f"extend {turn} answered {extended}")
    if env.capabilities.inspect:
        env.expect((await client.counts(turn)).leased, 1, f"how many are leased {turn}")
    if env.capabilities.wait:
        env.expect(await client.reserve([turn], limit=1, lease=HOUR, wait=1), [], f"a reserve that waits {turn}")
    env.expect(await client.settle([Done(held.token)]), [Settled()], f"settle {turn}")


async def _soon_works(env: Env, client: RecordingBackend, turn: str) -> None:
    """The first call after a fault may still meet it; from then on everything has to work."""
    try:
        await client.reserve([turn], limit=1, lease=HOUR)
    except BackendUnavailable:
        await asyncio.sleep(0.05)
    try:
        await _works(env, client, turn)
    except BackendUnavailable as error:
        env.fail(f"the same client does not go on {turn}: {error}")


@check("D2")
async def after_its_connections_were_cut_a_client_goes_on(env: Env) -> None:
    client = await env.client(own_time=True)
    await _works(env, client, "before")
    for turn in range(3):
        await env.drop()
        await _soon_works(env, client, f"after cut {turn}")


@check("D2", "hook:restart")
async def after_a_restart_a_client_goes_on(env: Env) -> None:
    client = await env.client(own_time=True)
    await _works(env, client, "before")
    await env.restart()
    await _soon_works(env, client, "after a restart")


@check("D2", "wait")
async def a_waiting_reserve_survives_a_cut_or_says_so(env: Env) -> None:
    client, other = await env.client(own_time=True), await env.client(own_time=True)
    waiting = await env.waiting(client.reserve(["q"], limit=1, lease=HOUR, wait=20_000))
    await env.drop()
    await asyncio.sleep(0.05)
    await env.enqueue_ok(await env.client(own_time=True), message())
    try:
        found = await env.within(waiting, "a reserve whose connection was cut while it waited", within=5)
    except BackendUnavailable:
        found = await env.within(other.reserve(["q"], limit=1, lease=HOUR, wait=5000), "reserve after that")
    env.expect([(each.message.id, each.attempt) for each in found], [("a", 1)], "what is granted, and its attempt")


@check("D4")
async def a_full_store_refuses_jobs_and_lets_others_end(env: Env) -> None:
    client = await env.client()
    names = ["done", "released", "retried", "kept", *(["dead"] if env.capabilities.dead_letters else [])]
    await env.enqueue_ok(client, *(message(name) for name in names))
    held = {delivery.message.id: delivery for delivery in await env.reserve_ok(client, *names, lease=HOUR)}
    await env.fill(full=True)
    await env.refuses(
        client.enqueue([message("more", body=bytes(1000))]), BackendFull, "enqueue when the store is full"
    )
    (extended,) = await client.extend([Extension(held["kept"].token, 2 * HOUR)])
    env.check(isinstance(extended, Extended), f"extend when the store is full answered {extended}")
    settlements: list[Settlement] = [Done(held["done"].token), Release(held["released"].token)]
    settlements.append(RetryAt(held["retried"].token, after=0))
    settlements += [Dead(held["dead"].token, "why")] if "dead" in held else []
    for settlement in settlements:
        how = type(settlement).__name__
        env.expect(await client.settle([settlement]), [Settled()], f"settle as {how} when the store is full")
    await env.fill(full=False)
    env.expect(sorted(await env.drain(client)), ["released", "retried"], "what is granted after that")
    (outcome,) = await client.enqueue([message("more")])
    env.check(isinstance(outcome, Accepted), f"enqueue when there is room again answered {outcome}")


@check("D5")
async def a_store_that_may_evict_is_refused_or_reported(env: Env) -> None:
    refused = ""
    with capture_all() as heard:
        try:
            async with env.harness.evicting() as backend:
                await backend.enqueue([message()])
        except (JobkitError, ValueError) as error:
            refused = str(error)
    reported = refused or next(iter(heard.reported), "")
    env.check(reported, "nothing was raised, warned of or logged when a store was opened that may drop live data")
    env.check("evict" in reported.lower(), f"what was said does not speak of eviction: {reported!r}")


async def _fails(env: Env, call: Awaitable[object], what: str, wait: int = 0) -> None:
    begun = time.monotonic()
    within = (env.capabilities.timeout + wait) / 1000 + SETTLING
    error = await env.within(env.refuses(call, BackendUnavailable, what), what, within + 1)
    took = time.monotonic() - begun
    env.check(took <= within, f"{what} raised after {took:.2f} s; declared are {within - SETTLING:g}")
    env.check(error.__cause__ is not None, f"{what} raised {error!r} without its cause")


@check("D6")
async def a_fault_is_said_in_time(env: Env) -> None:
    client, fresh = await env.client(own_time=True), await env.client(own_time=True)
    await env.enqueue_ok(client, message("a"), message("b"))
    held = await env.granted(client, "reserve", lease=HOUR)
    await env.kill()
    await _fails(env, client.reserve(["q"], limit=1, lease=HOUR), "reserve without a store")
    await _fails(env, client.enqueue([message("c")]), "enqueue without a store")
    await _fails(env, client.settle([Done(held.token)]), "settle without a store")
    await _fails(env, client.extend([Extension(held.token, HOUR)]), "extend without a store")
    await _fails(env, fresh.reserve(["q"], limit=1, lease=HOUR), "the first reserve of a client, without a store")
    if env.capabilities.inspect:
        await _fails(env, client.counts("q"), "counts without a store")
    await env.restart()
    await _soon_works(env, client, "after the store came back")


@check("D6", "wait")
async def a_waiting_reserve_says_that_the_store_is_gone(env: Env) -> None:
    client = await env.client(own_time=True)
    wait = 300
    waiting = await env.waiting(client.reserve(["q"], limit=1, lease=HOUR, wait=wait))
    await env.kill()
    await _fails(env, waiting, "a reserve that was waiting when the store went", wait)
    await _fails(
        env, client.reserve(["q"], limit=1, lease=HOUR, wait=wait), "a reserve that waits without a store", wait
    )


@check("D6")
async def a_fault_passes_for_no_empty_answer(env: Env) -> None:
    client = await env.client(own_time=True)
    await env.enqueue_ok(client, message())
    await env.kill()
    for _ in range(3):
        call = client.reserve(["q"], limit=1, lease=HOUR)
        await env.refuses(call, BackendUnavailable, "reserve, again and again, without a store")
