"""Whether the harness is sound, before any rule is asked: what fails here is no finding, but for it to mend."""

from __future__ import annotations

from jobkit.backend import Accepted, Capabilities, Delivery, Message
from jobkit_conformance.env import HOUR, MINUTE, NOISE, Env
from jobkit_conformance.harness import BackendHarness
from jobkit_conformance.history.recording import RecordingBackend

LEAST = {"max_batch": 10, "max_body": 1_000, "max_batch_bytes": 10_000}
"""What the kit's programs need, whatever the backend: batches of ten, bodies of a thousand bytes."""


class HarnessError(Exception):
    """The harness can't be relied on; the message says what its author has to mend."""


async def capabilities(harness: BackendHarness, namespace: str) -> Capabilities:
    """What the backend states, in full."""
    backend = await harness.open(namespace, None)
    if backend is None:  # pyright: ignore[reportUnnecessaryComparison]
        raise HarnessError("open() returned nothing: let it return the backend that it opens")
    try:
        claims: object = getattr(backend, "capabilities", None)
        if not isinstance(claims, Capabilities):
            kind = type(claims).__name__
            raise HarnessError(
                f"the backend's capabilities are {kind}: let them be a jobkit.backend.Capabilities, in full"
            )
        _check(claims)
        return claims
    finally:
        await backend.close()


def _check(claims: Capabilities) -> None:
    for name, least in LEAST.items():
        if getattr(claims, name) < least:
            raise HarnessError(f"{name} is {getattr(claims, name)}: the kit's programs need {least}")
    if claims.priority is not None and claims.priority[0] > claims.priority[1]:
        raise HarnessError(f"priority is {claims.priority}: state the lowest, then the highest")
    if claims.timeout < 1:
        raise HarnessError(f"timeout is {claims.timeout}: state the milliseconds within which every verb has an end")
    if claims.resolution < 1:
        raise HarnessError(
            f"resolution is {claims.resolution}: state how many milliseconds apart instants are told apart"
        )


async def check(env: Env) -> None:
    """Play what every program relies on; raises `Unsound`."""
    one, other = await env.clients(2)
    if await _reserve(one):
        raise HarnessError("a namespace that was never used has jobs: let each namespace begin empty")
    await _enqueue(env, one, "a")
    if [delivery.message.id for delivery in await _reserve(other)] != ["a"]:
        raise HarnessError("a job of one client is not granted to another: let all clients be of one store")
    await _enqueue(env, one, "b")
    await env.harness.wipe(env.namespace)
    again = await env.client()
    if await _reserve(again):
        raise HarnessError("a job is there after wipe(): let it remove all that a namespace holds")
    await _enqueue(env, again, "a")
    await env.harness.wipe(env.namespace)
    await env.harness.wipe(env.namespace)


async def check_clock(env: Env) -> None:
    """See that the clock stands where the kit thinks, and moves as it says; raises `Unsound`."""
    client = await env.client()
    before = await _enqueue(env, client, "first")
    if env.exact and before.due != env.clock.now_ms():
        raise HarnessError(
            f"the backend's clock says {before.due} where the kit's says {env.clock.now_ms()}: in frozen mode let "
            "the backend take its time from the clock that open() is given"
        )
    for step in (MINUTE, HOUR) if env.moves else (0,):
        await env.advance(step)
        after = await _enqueue(env, client, f"after {step}")
        moved = after.due - before.due
        noise = 0 if env.exact else NOISE
        if not step <= moved <= step + noise:
            raise HarnessError(
                f"the backend's clock moved by {moved} ms where the kit moved it by {step}: let move() set the offset "
                "for clients that are open, too"
            )
        before = after


async def _enqueue(env: Env, client: RecordingBackend, id: str) -> Accepted:
    (outcome,) = await env.within(client.enqueue([Message(id, "q", id.encode())]), "enqueue")
    if not isinstance(outcome, Accepted):
        raise HarnessError(f"enqueue in a namespace of its own answered {type(outcome).__name__}: let each begin empty")
    return outcome


async def _reserve(client: RecordingBackend) -> list[Delivery]:
    return await client.reserve(["q"], limit=10, lease=MINUTE)
