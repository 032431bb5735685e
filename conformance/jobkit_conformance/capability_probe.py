"""Whether options that are not claimed are refused: asked of every one of them, before anything else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from jobkit.backend import Backend, Dead, Extension, Message
from jobkit.errors import Unsupported
from jobkit.lifecycle import State
from jobkit_conformance.applicability import OPTIONS
from jobkit_conformance.env import MINUTE, Env
from jobkit_conformance.history.recording import RecordingBackend

Ask = Callable[[Backend], Awaitable[Any]]

_PROBES: dict[str, list[Ask]] = {
    "delay": [
        lambda backend: backend.enqueue([Message("x", "q", b"", after=MINUTE)]),
        lambda backend: backend.enqueue([Message("x", "q", b"", at=0)]),
    ],
    "priority": [lambda backend: backend.enqueue([Message("x", "q", b"", priority=1)])],
    "keys": [lambda backend: backend.enqueue([Message("x", "q", b"", key="k")])],
    "remember": [lambda backend: backend.enqueue([Message("x", "q", b"", remember=MINUTE)])],
    "dead_letters": [
        lambda backend: backend.settle([Dead("no such token", "why")]),
        lambda backend: backend.requeue(["x"]),
    ],
    "cancel": [lambda backend: backend.cancel(["x"])],
    "inspect": [
        lambda backend: backend.get(["x"]),
        lambda backend: backend.counts("q"),
        lambda backend: backend.queues(),
        lambda backend: backend.peek("q", State.READY),
        lambda backend: backend.delete(["x"]),
        lambda backend: backend.purge("q", State.READY, 1),
    ],
    "wait": [lambda backend: backend.reserve(["q"], limit=1, lease=MINUTE, wait=1)],
    "pause": [lambda backend: backend.pause("q"), lambda backend: backend.resume("q")],
    "checkpoints": [lambda backend: backend.extend([Extension("no such token", MINUTE, b"here")])],
    "cells": [lambda backend: backend.cell_get("c"), lambda backend: backend.cell_set("c", b"", 0)],
}


def unclaimed(env: Env) -> list[str]:
    """The options that this backend does not claim and that can be asked for."""
    return sorted(name for name in OPTIONS & _PROBES.keys() if getattr(env.capabilities, name) in (False, None))


async def accepted_unclaimed(env: Env) -> dict[str, str]:
    """The options that are not claimed and not refused: by name, what was answered instead."""
    client = await env.client()
    answers = {name: [seen for ask in _PROBES[name] if (seen := await answer(client, ask))] for name in unclaimed(env)}
    return {name: seen[0] for name, seen in answers.items() if seen}


async def answer(client: RecordingBackend, ask: Ask) -> str:
    """What came instead of a refusal; nothing when it was refused."""
    try:
        found = await ask(client)
    except Unsupported:
        return ""
    except Exception as error:  # noqa: BLE001
        return f"raised {type(error).__name__}: {error}"
    return f"answered {found!r}"
