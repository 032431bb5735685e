"""A server that is not there: within a bounded time, with the cause, and without the password."""

from __future__ import annotations

import asyncio
import time

import pytest
import redis

import jobkit
from jobkit.backend import Backend, Message
from jobkit.backends.redis import factory
from jobkit.lifecycle import State
from jobkit.testing.redis.server import Server
from jobkit_conformance.transport.proxy import FaultTrigger, Proxy
from tests.backends.redis.clients import Open, url_through

pytestmark = pytest.mark.realtime

SECRET = "s3cr3t"


@pytest.mark.parametrize(
    "url",
    [
        f"redis://user:{SECRET}@127.0.0.1:1/0",
        f"redis://:{SECRET}@127.0.0.1:1",
        "unix:///nowhere/socket",
        f"redis://user:{SECRET}@no-such-host.invalid",
    ],
)
async def test_a_server_that_is_down(url: str) -> None:
    backend = factory(url, "ns", None)
    begun = time.monotonic()
    for call in (backend.enqueue([Message("a", "q", b"")]), backend.reserve(["q"], limit=1, lease=60_000, wait=100)):
        with pytest.raises(jobkit.BackendUnavailable) as raised:
            await call
        assert SECRET not in f"{raised.value}{raised.value.__cause__}"
        assert raised.value.__cause__ is not None
    assert time.monotonic() - begun < 2 * backend.capabilities.timeout / 1000
    await backend.close()


def test_a_server_that_is_down_for_a_blocking_caller() -> None:
    blocking = factory(f"redis://:{SECRET}@127.0.0.1:1", "ns", None).blocking()
    with pytest.raises(jobkit.BackendUnavailable, match="127.0.0.1:1") as raised:
        blocking.enqueue([Message("a", "q", b"")])
    assert SECRET not in str(raised.value)
    blocking.close()


async def test_a_server_that_holds_its_answers(own_server: Server, clients: Open) -> None:
    backend = clients(f"{own_server.url}?timeout=200")
    await backend.queues()
    own_server.suspend()
    begun = time.monotonic()
    with pytest.raises(jobkit.BackendUnavailable, match="no answer within"):
        await backend.enqueue([Message("a", "q", b"")])
    assert time.monotonic() - begun < 2
    blocking = backend.blocking()
    with pytest.raises(jobkit.BackendUnavailable, match=r"[Tt]imeout"):
        await asyncio.to_thread(blocking.enqueue, [Message("b", "q", b"")])
    blocking.close()
    own_server.resume()
    assert {stored.message.id for stored in (await backend.peek("q", State.READY)).jobs} <= {"a", "b"}


async def test_a_wrong_password_is_named_as_such(own_server: Server, clients: Open) -> None:
    admin = clients(own_server.url)
    await admin._carrier.channel.call(["CONFIG", "SET", "requirepass", "right"])
    wrong = clients(own_server.url.replace("redis://", f"redis://:{SECRET}@"))
    with pytest.raises(jobkit.BackendUnavailable, match="(?i)password") as raised:
        await wrong.queues()
    assert SECRET not in str(raised.value)
    none = clients(own_server.url)
    with pytest.raises(jobkit.BackendUnavailable, match="(?i)auth"):
        await none.queues()
    right = clients(own_server.url.replace("redis://", "redis://:right@"))
    assert await right.queues() == []


async def test_calls_under_way_fail_when_the_server_dies(own_server: Server, clients: Open) -> None:
    async def die() -> None:
        own_server.kill()

    async with Proxy() as proxy:
        backend = clients(f"{url_through(proxy, own_server)}?timeout=2000")
        await backend.queues()
        proxy.arm(FaultTrigger(5, "command", "passes", die))
        calls = [asyncio.create_task(backend.counts("q")) for _ in range(5)]
        for call in calls:
            with pytest.raises(jobkit.BackendUnavailable):
                await call
        own_server.begin()
        assert await backend.queues() == []


async def test_a_closed_client_says_so(server: Server, clients: Open) -> None:
    async with Proxy() as proxy:
        backend: Backend = clients(url_through(proxy, server))
        waiting = asyncio.create_task(backend.reserve(["q"], limit=1, lease=60_000, wait=60_000))
        await proxy.heard("blpop")
        await backend.close()
        await backend.close()
        with pytest.raises(jobkit.Closed):
            await waiting
        with pytest.raises(jobkit.Closed):
            await backend.enqueue([Message("a", "q", b"")])


async def test_a_client_that_is_closed_while_it_connects_says_closed(clients: Open) -> None:
    backend = clients()
    call = asyncio.create_task(backend.enqueue([Message("a", "q", b"")]))
    await asyncio.sleep(0)
    await backend.close()
    with pytest.raises(jobkit.Closed):
        await call


async def test_a_server_that_takes_no_more_clients(own_server: Server, clients: Open) -> None:
    backend = clients(f"{own_server.url}?timeout=500")
    with redis.Redis(port=own_server.port) as hog:
        hog.config_set("maxclients", 1)
        with pytest.raises(jobkit.BackendUnavailable):  # its reason comes along, unless it has hung up before
            await backend.enqueue([Message("a", "q", b"")])
        with pytest.raises(jobkit.BackendUnavailable):
            await asyncio.to_thread(backend.blocking().enqueue, [Message("a", "q", b"")])
        hog.config_set("maxclients", 100)
        await backend.enqueue([Message("a", "q", b"")])
    assert await backend.queues() == ["q"]
