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


async def _works(stage: Env, client: RecordingBackend, turn: str) -> None:
    """See that every verb of a client works."""
    (accepted,) = await client.enqueue([message(turn, queue=turn)])
    stage.check(isinstance(accepted, Accepted), f"enqueue {turn} answered {accepted}")
    held = await stage.granted(client, f"reserve {turn}", queue=turn, lease=HOUR)
    (extended,) = await client.extend([Extension(held.token, HOUR)])
    stage.check(isinstance(extended, Extended), f"extend {turn} answered {extended}")
    if stage.capabilities.inspect:
        stage.expect((await client.counts(turn)).leased, 1, f"how many are leased {turn}")
    if stage.capabilities.wait:
        stage.expect(await client.reserve([turn], limit=1, lease=HOUR, wait=1), [], f"a reserve that waits {turn}")
    stage.expect(await client.settle([Done(held.token)]), [Settled()], f"settle {turn}")


async def _soon_works(stage: Env, client: RecordingBackend, turn: str) -> None:
    """The first call after a fault may still meet it; from then on everything has to work."""
    try:
        await client.reserve([turn], limit=1, lease=HOUR)
    except BackendUnavailable:
        await asyncio.sleep(0.05)
    try:
        await _works(stage, client, turn)
    except BackendUnavailable as error:
        stage.fail(f"the same client does not go on {turn}: {error}")


@check("D2")
async def after_its_connections_were_cut_a_client_goes_on(stage: Env) -> None:
    client = await stage.client(own_time=True)
    await _works(stage, client, "before")
    for turn in range(3):
        await stage.drop()
        await _soon_works(stage, client, f"after cut {turn}")


@check("D2", "hook:restart")
async def after_a_restart_a_client_goes_on(stage: Env) -> None:
    client = await stage.client(own_time=True)
    await _works(stage, client, "before")
    await stage.restart()
    await _soon_works(stage, client, "after a restart")


@check("D2", "wait")
async def a_waiting_reserve_survives_a_cut_or_says_so(stage: Env) -> None:
    client, other = await stage.client(own_time=True), await stage.client(own_time=True)
    waiting = await stage.waiting(client.reserve(["q"], limit=1, lease=HOUR, wait=20_000))
    await stage.drop()
    await asyncio.sleep(0.05)
    await stage.enqueue_ok(await stage.client(own_time=True), message())
    try:
        found = await stage.within(waiting, "a reserve whose connection was cut while it waited", within=5)
    except BackendUnavailable:
        found = await stage.within(other.reserve(["q"], limit=1, lease=HOUR, wait=5000), "reserve after that")
    stage.expect([(each.message.id, each.attempt) for each in found], [("a", 1)], "what is granted, and its attempt")


@check("D4")
async def a_full_store_refuses_jobs_and_lets_others_end(stage: Env) -> None:
    client = await stage.client()
    names = ["done", "released", "retried", "kept", *(["dead"] if stage.capabilities.dead_letters else [])]
    await stage.enqueue_ok(client, *(message(name) for name in names))
    held = {delivery.message.id: delivery for delivery in await stage.reserve_ok(client, *names, lease=HOUR)}
    await stage.fill(full=True)
    await stage.refuses(
        client.enqueue([message("more", body=bytes(1000))]), BackendFull, "enqueue when the store is full"
    )
    (extended,) = await client.extend([Extension(held["kept"].token, 2 * HOUR)])
    stage.check(isinstance(extended, Extended), f"extend when the store is full answered {extended}")
    settlements: list[Settlement] = [Done(held["done"].token), Release(held["released"].token)]
    settlements.append(RetryAt(held["retried"].token, after=0))
    settlements += [Dead(held["dead"].token, "why")] if "dead" in held else []
    for settlement in settlements:
        how = type(settlement).__name__
        stage.expect(await client.settle([settlement]), [Settled()], f"settle as {how} when the store is full")
    await stage.fill(full=False)
    stage.expect(sorted(await stage.drain(client)), ["released", "retried"], "what is granted after that")
    (outcome,) = await client.enqueue([message("more")])
    stage.check(isinstance(outcome, Accepted), f"enqueue when there is room again answered {outcome}")


@check("D5")
async def a_store_that_may_evict_is_refused_or_reported(stage: Env) -> None:
    refused = ""
    with capture_all() as heard:
        try:
            async with stage.harness.evicting() as backend:
                await backend.enqueue([message()])
        except (JobkitError, ValueError) as error:
            refused = str(error)
    reported = refused or next(iter(heard.reported), "")
    stage.check(reported, "nothing was raised, warned of or logged when a store was opened that may drop live data")
    stage.check("evict" in reported.lower(), f"what was said does not speak of eviction: {reported!r}")


async def _fails(stage: Env, call: Awaitable[object], what: str, wait: int = 0) -> None:
    begun = time.monotonic()
    within = (stage.capabilities.timeout + wait) / 1000 + SETTLING
    error = await stage.within(stage.refuses(call, BackendUnavailable, what), what, within + 1)
    took = time.monotonic() - begun
    stage.check(took <= within, f"{what} raised after {took:.2f} s; declared are {within - SETTLING:g}")
    stage.check(error.__cause__ is not None, f"{what} raised {error!r} without its cause")


@check("D6")
async def a_fault_is_said_in_time(stage: Env) -> None:
    client, fresh = await stage.client(own_time=True), await stage.client(own_time=True)
    await stage.enqueue_ok(client, message("a"), message("b"))
    held = await stage.granted(client, "reserve", lease=HOUR)
    await stage.kill()
    await _fails(stage, client.reserve(["q"], limit=1, lease=HOUR), "reserve without a store")
    await _fails(stage, client.enqueue([message("c")]), "enqueue without a store")
    await _fails(stage, client.settle([Done(held.token)]), "settle without a store")
    await _fails(stage, client.extend([Extension(held.token, HOUR)]), "extend without a store")
    await _fails(stage, fresh.reserve(["q"], limit=1, lease=HOUR), "the first reserve of a client, without a store")
    if stage.capabilities.inspect:
        await _fails(stage, client.counts("q"), "counts without a store")
    await stage.restart()
    await _soon_works(stage, client, "after the store came back")


@check("D6", "wait")
async def a_waiting_reserve_says_that_the_store_is_gone(stage: Env) -> None:
    client = await stage.client(own_time=True)
    wait = 300
    waiting = await stage.waiting(client.reserve(["q"], limit=1, lease=HOUR, wait=wait))
    await stage.kill()
    await _fails(stage, waiting, "a reserve that was waiting when the store went", wait)
    await _fails(
        stage, client.reserve(["q"], limit=1, lease=HOUR, wait=wait), "a reserve that waits without a store", wait
    )


@check("D6")
async def a_fault_passes_for_no_empty_answer(stage: Env) -> None:
    client = await stage.client(own_time=True)
    await stage.enqueue_ok(client, message())
    await stage.kill()
    for _ in range(3):
        call = client.reserve(["q"], limit=1, lease=HOUR)
        await stage.refuses(call, BackendUnavailable, "reserve, again and again, without a store")
