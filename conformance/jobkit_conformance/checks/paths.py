"""The ways on which a message comes to a worker: what is promised of a message is promised on every one of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial, wraps
from typing import Final, TypeAlias

import msgspec

from jobkit.backend import Dead, Delivery, Message, Release, Requeued, RetryAt
from jobkit_conformance.checks.registry import Check, Play, add
from jobkit_conformance.env import MINUTE, Env
from jobkit_conformance.history.recording import RecordingBackend

Along: TypeAlias = Callable[[Env, RecordingBackend, Message], Awaitable[Delivery]]
"""Enqueues a message, brings it along a path, and answers with its last delivery."""


@dataclass(frozen=True)
class Path:
    """``words``: how the message came. ``needs``: what has to be claimed for that."""

    words: str
    along: Along
    needs: tuple[str, ...] = ()


async def _take(env: Env, client: RecordingBackend, message: Message) -> Delivery:
    (delivery,) = await env.reserve_ok(client, message.id, queue=message.queue)
    return delivery


async def _ready(env: Env, client: RecordingBackend, message: Message) -> Delivery:
    await env.enqueue_ok(client, message)
    return await _take(env, client, message)


async def _delayed(env: Env, client: RecordingBackend, message: Message) -> Delivery:
    await env.enqueue_ok(client, msgspec.structs.replace(message, after=2 * MINUTE))
    await env.advance(2 * MINUTE)
    return await _take(env, client, message)


async def _retried(env: Env, client: RecordingBackend, message: Message) -> Delivery:
    first = await _ready(env, client, message)
    await env.settled(client, RetryAt(first.token, after=0))
    return await _take(env, client, message)


async def _retried_later(env: Env, client: RecordingBackend, message: Message) -> Delivery:
    first = await _ready(env, client, message)
    await env.settled(client, RetryAt(first.token, after=2 * MINUTE))
    await env.advance(2 * MINUTE)
    return await _take(env, client, message)


async def _released(env: Env, client: RecordingBackend, message: Message) -> Delivery:
    first = await _ready(env, client, message)
    await env.settled(client, Release(first.token))
    return await _take(env, client, message)


async def _crashed(env: Env, client: RecordingBackend, message: Message) -> Delivery:
    await _ready(env, client, message)
    await env.advance(2 * MINUTE)
    return await _take(env, client, message)


async def _requeued(env: Env, client: RecordingBackend, message: Message) -> Delivery:
    first = await _ready(env, client, message)
    await env.settled(client, Dead(first.token, "why"))
    env.require(await client.requeue([message.id]) == [Requeued()], "requeue did not revive the dead job")
    return await _take(env, client, message)


PATHS: Final = (
    Path("ready", _ready),
    Path("delayed", _delayed, ("delay", "clock")),
    Path("retried", _retried),
    Path("retried later", _retried_later, ("delay", "clock")),
    Path("released", _released),
    Path("crashed", _crashed, ("clock",)),
    Path("requeued from the dead", _requeued, ("dead_letters",)),
)

OnPath: TypeAlias = Callable[[Env, Along], Awaitable[None]]


def on_every_path(rule: str, *needs: str) -> Callable[[OnPath], OnPath]:
    """Declare an example for each path."""

    def declare(play: OnPath) -> OnPath:
        for path in PATHS:
            add(Check(rule, _bound(play, path.along), (*needs, *path.needs), path.words))
        return play

    return declare


def _bound(play: OnPath, along: Along) -> Play:
    return wraps(play)(partial(_call, play, along))


async def _call(play: OnPath, along: Along, env: Env) -> None:
    await play(env, along)
