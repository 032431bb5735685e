"""A server without room refuses new jobs; those that it has can be performed and settled."""

from __future__ import annotations

import asyncio

import pytest

import jobkit
from jobkit import events
from jobkit.backend import (
    Cancelled,
    CancelPending,
    Dead,
    Done,
    Extended,
    Extension,
    Message,
    Release,
    RetryAt,
    Settled,
    Settlement,
)
from jobkit.backends.redis import RedisBackend
from jobkit.testing.redis.server import Server
from tests.backends.redis.clients import Open
from tests.worker.recorder import Recorder

pytestmark = pytest.mark.realtime


async def fill(backend: RedisBackend, *, full: bool) -> None:
    await backend._carrier.channel.call(["CONFIG", "SET", "maxmemory", "1" if full else "0"])


async def test_enqueue_is_refused_and_every_settle_works(own_server: Server, clients: Open) -> None:
    backend = clients(own_server.url)
    await backend.enqueue([Message(f"m{number}", "q", b"x" * 100, key=f"k{number}") for number in range(6)])
    held = await backend.reserve(["q"], limit=5, lease=60_000)
    await fill(backend, full=True)
    with pytest.raises(jobkit.BackendFull, match=r"has no room: .*maxmemory"):
        await backend.enqueue([Message("new", "q", b"")])
    assert (await backend.counts("q")).ready == 1, "nothing of the refused enqueue is stored"
    done, retry, release, dead, kept = (delivery.token for delivery in held)
    (extended,) = await backend.extend([Extension(kept, 120_000)])
    assert isinstance(extended, Extended)
    settlements: list[Settlement] = [Done(done), RetryAt(retry, after=0), Release(release), Dead(dead, "why" * 100)]
    assert await backend.settle(settlements) == [Settled()] * 4
    assert len(await backend.reserve(["q"], limit=1, lease=60_000)) == 1
    assert await backend.requeue(["m3"]) != []
    assert await backend.cancel(["m4", "m3"]) == [CancelPending(), Cancelled()]
    await fill(backend, full=False)
    counts = await backend.counts("q")
    assert counts.scheduled + counts.ready + counts.leased + counts.dead == 4
    await backend.enqueue([Message("new", "q", b"")])


async def test_nothing_is_lost_while_jobs_run(own_server: Server) -> None:
    app = jobkit.App(own_server.url)
    performed: list[int] = []
    full, go_on = asyncio.Event(), asyncio.Event()

    @app.job(name="count", retry=jobkit.Retry(attempts=3, wait=0))
    async def count(number: int) -> None:
        if jobkit.current_job().attempt == 1:  # type: ignore[union-attr]
            full.set()
            await go_on.wait()
            raise RuntimeError("once more")
        performed.append(number)

    receipts = await app.aenqueue_many([count.call(number) for number in range(20)])
    backend = app.clients("default").for_running_loop()
    assert isinstance(backend, RedisBackend)
    recorder = Recorder()
    stop = events.observe(recorder)
    async with jobkit.Worker(app, concurrency=20):
        await full.wait()
        await fill(backend, full=True)
        with pytest.raises(jobkit.BackendFull):
            await count.aenqueue(99)
        go_on.set()
        await recorder.wait(events.Settled, 2 * 20)
        assert await backend.queues() == []
    stop()
    await fill(backend, full=False)
    assert sorted(performed) == list(range(20))
    assert len({receipt.id for receipt in receipts}) == 20


async def test_a_server_that_may_drop_jobs_is_refused(own_server: Server, clients: Open) -> None:
    plain = clients(own_server.url)
    await plain.queues()
    await plain._carrier.channel.call(["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"])
    with pytest.raises(jobkit.ConfigurationError, match="maxmemory-policy allkeys-lru"):
        await clients(own_server.url).enqueue([Message("a", "q", b"")])
    with pytest.raises(jobkit.ConfigurationError, match="noeviction"):
        clients(own_server.url).blocking().enqueue([Message("a", "q", b"")])
    await plain._carrier.channel.call(["CONFIG", "SET", "maxmemory-policy", "volatile-lru"])
    await clients(own_server.url).enqueue([Message("a", "q", b"")])
