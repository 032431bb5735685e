"""Which version wrote a namespace: a later layout is refused before anything is touched, an older one is read."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

import jobkit
from jobkit.backend import Dead, Done, Extension, Message, Release
from jobkit.backends.redis import RedisBackend
from jobkit.backends.redis import fake as fakes
from jobkit.lifecycle import State
from tests.backends.redis.clients import Open

LATER = "2"

Call = Callable[[RedisBackend, str], Awaitable[Any]]
"""Of a backend, and the token of a job that it holds."""

CALLS: dict[str, Call] = {
    "enqueue": lambda backend, token: backend.enqueue([Message("b", "q", b"")]),
    "reserve": lambda backend, token: backend.reserve(["q"], limit=1, lease=60_000, wait=60_000),
    "settle": lambda backend, token: backend.settle([Done(token)]),
    "extend": lambda backend, token: backend.extend([Extension(token, 1_000)]),
    "cancel": lambda backend, token: backend.cancel(["a"]),
    "delete": lambda backend, token: backend.delete(["a"]),
    "requeue": lambda backend, token: backend.requeue(["a"]),
    "get": lambda backend, token: backend.get(["a"]),
    "counts": lambda backend, token: backend.counts("q"),
    "queues": lambda backend, token: backend.queues(),
    "peek": lambda backend, token: backend.peek("q", State.LEASED),
    "purge": lambda backend, token: backend.purge("q", State.READY, 10),
    "pause": lambda backend, token: backend.pause("q"),
    "resume": lambda backend, token: backend.resume("q"),
    "cell_get": lambda backend, token: backend.cell_get("c"),
    "cell_set": lambda backend, token: backend.cell_set("c", b"", 0),
}


async def mark(backend: RedisBackend, layout: str) -> None:
    await backend._carrier.channel.call(["HSET", backend.keys.meta, "layout", layout])


async def stored(backend: RedisBackend) -> dict[bytes, bytes]:
    """Everything of the namespace, as the server would write it to another."""
    _, names = await backend._carrier.channel.call(["SCAN", 0, "MATCH", f"{backend.keys.prefix}*", "COUNT", 10_000])
    return {name: await backend._carrier.channel.call(["DUMP", name]) for name in names}


@pytest.mark.realtime
async def test_a_later_layout_is_refused_by_every_verb_and_nothing_is_touched(backend: RedisBackend) -> None:
    await backend.enqueue([Message("a", "q", b"")])
    (held,) = await backend.reserve(["q"], limit=1, lease=60_000)
    await mark(backend, LATER)
    before = await stored(backend)
    for name, call in CALLS.items():
        with pytest.raises(jobkit.NewerLayout, match=r"layout 2, .* knows layouts up to 1: upgrade jobkit"):
            await call(backend, held.token)
        assert await stored(backend) == before, f"{name} changed something"
    with pytest.raises(jobkit.NewerLayout):
        await asyncio.to_thread(backend.blocking().enqueue, [Message("b", "q", b"")])
    await mark(backend, "1")
    assert await backend.settle([Release(held.token)]) != []


async def test_fakeredis_says_the_same() -> None:
    backend = fakes.factory("fakeredis:layout", "ns", None)
    await mark(backend, LATER)
    with pytest.raises(jobkit.NewerLayout, match="layout 2"):
        await backend.enqueue([Message("a", "q", b"")])
    await backend.close()


@pytest.mark.realtime
async def test_what_an_older_version_left_is_read_and_marked_by_the_next_job(backend: RedisBackend) -> None:
    await backend.enqueue([Message("a", "q", b"body", key="k"), Message("b", "q", b"")])
    (held,) = await backend.reserve(["q"], limit=1, lease=60_000)
    await backend._carrier.channel.call(["HDEL", backend.keys.meta, "layout"])  # as before there was one
    assert await backend.settle([Dead(held.token, "why")]) != []
    (again,) = await backend.reserve(["q"], limit=1, lease=60_000)
    assert (again.message.id, held.message.body) == ("b", b"body")
    assert await backend._carrier.channel.call(["HGET", backend.keys.meta, "layout"]) is None
    await backend.enqueue([Message("c", "q", b"")])
    assert await backend._carrier.channel.call(["HGET", backend.keys.meta, "layout"]) == b"1"


@pytest.mark.realtime
async def test_a_worker_waits_for_its_upgrade(clients: Open) -> None:
    """What runs on goes on where it can; nothing is lost when the later version has come and gone."""
    backend = clients()
    app = jobkit.App(lambda url, namespace, clock: clients())
    performed = asyncio.Event()

    @app.job(name="note")
    async def note() -> None:
        performed.set()

    await note.aenqueue()
    await mark(backend, LATER)
    async with jobkit.Worker(app) as worker:
        with pytest.raises(jobkit.NewerLayout):
            await note.aenqueue()
        assert not worker.ready
        await mark(backend, "1")
        async with asyncio.timeout(30):
            await performed.wait()
