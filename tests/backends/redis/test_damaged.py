"""What somebody else wrote into the store: it ends among the dead with a reason, and the next job runs."""

from __future__ import annotations

import re

import pytest

import jobkit
from jobkit import events
from jobkit.backend import Message
from jobkit.backends.redis import RedisBackend
from jobkit.events import Settled
from jobkit.lifecycle import State
from jobkit.testing.redis.server import Server
from tests.worker.recorder import Recorder

pytestmark = pytest.mark.realtime


async def perform_all(app: jobkit.App, count: int) -> None:
    recorder = Recorder()
    stop = events.observe(recorder)
    try:
        async with jobkit.Worker(app):
            await recorder.wait(Settled, count)
    finally:
        stop()


@pytest.fixture
def app(server: Server) -> jobkit.App:
    app = jobkit.App(server.url, namespace="damaged")

    @app.job(name="shop.fine")
    async def fine(number: int) -> None: ...

    return app


HEADERS = {"job": "shop.fine", "v": "1", "coder": "json"}


async def test_bad_jobs_become_dead_letters_with_a_reason(app: jobkit.App) -> None:
    backend = app.clients("default").for_running_loop()
    assert isinstance(backend, RedisBackend)
    bad = {
        "unknown": (
            HEADERS | {"job": "shop.fin"},
            b'{"number": 1}',
            "no job named 'shop.fin'.*did you mean 'shop.fine'",
        ),
        "corrupt": (HEADERS, b"\xff\x00 no JSON", "can't be decoded"),
        "misfit": (HEADERS, b'{"number": "one"}', r"Expected `int`, got `str` - at `\$.number`"),
        "later": (HEADERS | {"v": "2"}, b"{}", "envelope of version '2'"),
        "coder": (HEADERS | {"coder": "pickle"}, b"cos\nsystem\n.", "no coder named 'pickle'"),
        "foreign": ({}, b"", "no header 'job'"),
        "renamed": (HEADERS, b'{"count": 1}', "missing required field `number`|unknown field `count`"),
    }
    await backend.enqueue([Message(id, "default", body, headers=headers) for id, (headers, body, _) in bad.items()])
    await backend.enqueue([Message("good", "default", b'{"number": 1}', headers=HEADERS)])
    await backend.enqueue([Message("broken", "default", b'{"number": 1}', headers=HEADERS)])
    await backend._carrier.channel.call(
        ["HSET", backend.keys.jobs, "broken", b"\x00\x00\x00\x00\x00\x09\xc1not what was stored"]
    )
    await perform_all(app, len(bad) + 2)
    counts = await backend.counts("default")
    assert (counts.ready, counts.leased) == (0, 0)
    dead = {stored.message.id: stored for stored in (await backend.peek("default", State.DEAD)).jobs}
    assert dead.keys() == bad.keys() | {"broken"}
    for id, (_, body, reason) in bad.items():
        assert dead[id].message.body == body
        assert re.search(reason, dead[id].reason or ""), f"{id}: {dead[id].reason}"
    assert await backend.purge("default", State.DEAD, 100) == len(dead)
    assert await backend.queues() == []
