"""Plays one program by hand: what a report prints runs through here."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable

from jobkit_conformance import preflight, targets
from jobkit_conformance.env import Env
from jobkit_conformance.harness import BackendHarness
from jobkit_conformance.render.timeline import as_timeline


def replay(harness: BackendHarness | str, program: Callable[[Env], Awaitable[None]]) -> Env:
    """Play a program on a backend and print what came of it. ``harness``: one, or its name as the command takes it.

    Raises what the program raises, and wipes what it left. The answer holds the record, as ``trace``.
    """
    found = targets.find(harness) if isinstance(harness, str) else harness
    try:
        return asyncio.run(_play(found, program))
    finally:
        if isinstance(harness, str):
            found.close()


async def _play(harness: BackendHarness, program: Callable[[Env], Awaitable[None]]) -> Env:
    namespace = f"play-{os.getpid()}"
    env = Env(harness, namespace, await preflight.capabilities(harness, namespace))
    try:
        await program(env)
    finally:
        sys.stdout.write(f"{as_timeline(env.trace)}\n")
        await env.close()
    return env
