"""What a server that is restarted brings back, and how its clients go on."""

from __future__ import annotations

import asyncio

import pytest

import jobkit
from jobkit.backend import Accepted, Backend, Done, Extended, Extension, KeyTaken, Message, Settled
from jobkit.testing.redis.server import Server
from jobkit_conformance.transport.proxy import Proxy
from tests.backends.redis.clients import Open, url_through

pytestmark = [pytest.mark.realtime, pytest.mark.invariant]


async def test_a_delayed_job_comes_after_a_restart(own_server: Server, clients: Open) -> None:
    backend = clients(own_server.url)
    (accepted,) = await backend.enqueue([Message("later", "q", b"body", after=300, key="k", headers={"job": "x"})])
    assert isinstance(accepted, Accepted)
    await restart(own_server, backend)
    assert await backend.enqueue([Message("other", "q", b"", key="k")]) == [KeyTaken(by="later")]
    (delivery,) = await backend.reserve(["q"], limit=1, lease=60_000, wait=20_000)
    assert (delivery.message.id, delivery.message.body, delivery.attempt) == ("later", b"body", 1)
    (stored,) = await backend.get(["later"])
    assert delivery.lease_end >= accepted.due + 60_000, f"granted before its time: {stored}"


async def test_a_lease_and_its_attempt_survive_a_restart(own_server: Server, clients: Open) -> None:
    backend = clients(own_server.url)
    await backend.enqueue([Message("a", "q", b"")])
    (held,) = await backend.reserve(["q"], limit=1, lease=60_000)
    await restart(own_server, backend)
    assert await backend.reserve(["q"], limit=1, lease=60_000) == []
    (extended,) = await backend.extend([Extension(held.token, 60_000)])
    assert isinstance(extended, Extended)
    assert await backend.settle([Done(held.token)]) == [Settled()]


async def test_a_waiting_reserve_outlives_a_restart(own_server: Server, clients: Open) -> None:
    async with Proxy() as proxy:
        worker, producer = clients(f"{url_through(proxy, own_server)}?slack=100"), clients(own_server.url)
        waiting = asyncio.create_task(worker.reserve(["q"], limit=1, lease=60_000, wait=20_000))
        await proxy.heard("blpop")
        own_server.restart()
        await producer.enqueue([Message("a", "q", b"")])
        async with asyncio.timeout(10):
            (delivery,) = await waiting
    assert delivery.message.id == "a"


async def test_a_reserve_that_meets_a_restart_says_so_once(own_server: Server, clients: Open) -> None:
    backend = clients(own_server.url)
    await backend.enqueue([Message("a", "q", b"")])
    own_server.restart()
    with pytest.raises(jobkit.BackendUnavailable):
        await backend.reserve(["q"], limit=1, lease=60_000)
    (delivery,) = await backend.reserve(["q"], limit=1, lease=60_000)
    assert delivery.message.id == "a"


async def test_scripts_that_the_server_forgot_are_sent_again(own_server: Server, clients: Open) -> None:
    backend = clients(own_server.url)
    ids = [f"job-{number}" for number in range(6)]
    for id in ids[:3]:
        await backend.enqueue([Message(id, "q", b"")])
        await backend._carrier.channel.call(["SCRIPT", "FLUSH"])
    found = await backend.reserve(["q"], limit=10, lease=60_000)
    await backend._carrier.channel.call(["SCRIPT", "FLUSH"])
    assert await backend.extend([Extension(each.token, 60_000) for each in found]) != []
    await backend._carrier.channel.call(["SCRIPT", "FLUSH"])
    assert await backend.settle([Done(each.token) for each in found]) == [Settled()] * 3
    await backend._carrier.channel.call(["SCRIPT", "FLUSH"])
    blocking = backend.blocking()
    assert len(await asyncio.to_thread(blocking.enqueue, [Message(id, "q", b"") for id in ids[3:]])) == 3
    blocking.close()
    assert (await backend.counts("q")).ready == 3


async def restart(server: Server, backend: Backend) -> None:
    """Restart it; the client notices with its next call."""
    server.restart()
    await backend.queues()
