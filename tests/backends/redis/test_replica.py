"""A master and its replica, as the client sees them: read-only, promoted, waited for, not there."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import NoReturn

import pytest
from redis.exceptions import ResponseError

import jobkit
from jobkit.backend import Accepted, Done, Duplicate, Indeterminate, Message, Settled
from jobkit.backends.redis import RedisBackend
from jobkit.testing.redis.server import Server
from jobkit.testing.redis.topologies import ask, replica_of, until
from tests.backends.redis.clients import Open
from tests.backends.redis.every_verb import every_verb

pytestmark = [pytest.mark.realtime, pytest.mark.invariant]

MINUTE = 60_000


@pytest.fixture
def replica(own_server: Server) -> Iterator[Server]:
    replica = replica_of(own_server)
    yield replica
    replica.stop()


async def test_a_read_only_replica_is_refused_and_goes_on_when_it_is_promoted(
    own_server: Server, replica: Server, clients: Open
) -> None:
    master, here = clients(own_server.url), clients(f"{replica.url}?slack=50")
    await master.enqueue([Message("a", "q", b"")])
    until("the replica has the job", lambda: int(ask(replica, "DBSIZE")) == int(ask(own_server, "DBSIZE")))
    with pytest.raises(jobkit.BackendUnavailable, match="is a read-only replica, or was one just now"):
        await here.enqueue([Message("b", "q", b"")])
    with pytest.raises(jobkit.BackendUnavailable, match="is a read-only replica"):
        await here.reserve(["q"], limit=1, lease=MINUTE, wait=MINUTE)
    blocking = here.blocking()
    with pytest.raises(jobkit.BackendUnavailable, match="is a read-only replica"):
        await asyncio.to_thread(blocking.enqueue, [Message("c", "q", b"")])
    ask(replica, "REPLICAOF", "NO", "ONE")
    assert [each.message.id for each in await here.reserve(["q"], limit=5, lease=MINUTE)] == ["a"]
    assert isinstance((await asyncio.to_thread(blocking.enqueue, [Message("c", "q", b"")]))[0], Accepted)
    blocking.close()


async def test_a_reserve_that_waits_on_a_master_that_is_demoted_and_promoted_again(
    own_server: Server, replica: Server, clients: Open
) -> None:
    worker, producer = clients(f"{own_server.url}?slack=50"), clients(own_server.url)
    assert await worker.reserve(["q"], limit=1, lease=MINUTE) == []
    waiting = asyncio.create_task(worker.reserve(["q"], limit=1, lease=MINUTE, wait=MINUTE))
    await asyncio.sleep(0)
    ask(replica, "REPLICAOF", "NO", "ONE")
    ask(own_server, "REPLICAOF", "127.0.0.1", replica.port)
    ask(own_server, "REPLICAOF", "NO", "ONE")
    await producer.enqueue([Message("a", "q", b"")])
    with contextlib.suppress(jobkit.BackendUnavailable):  # it may have looked right then: a worker reserves again
        async with asyncio.timeout(20):
            assert [each.message.id for each in await waiting] == ["a"]
            return
    assert [each.message.id for each in await worker.reserve(["q"], limit=1, lease=MINUTE)] == ["a"]


async def test_every_verb_waits_for_its_replica(own_server: Server, replica: Server, clients: Open) -> None:
    backend = clients(f"{own_server.url}?wait_replicas=1")
    assert backend.capabilities.durable == "replicated"
    await every_verb(backend)
    ids = [f"job-{number}" for number in range(200)]
    await asyncio.gather(*(backend.enqueue([Message(id, "q", b"")]) for id in ids))
    assert ask(replica, "HLEN", backend.keys.jobs) == 200, "what was answered is there, without waiting"


async def test_too_few_acknowledgements_are_told(own_server: Server, replica: Server, clients: Open) -> None:
    backend = clients(f"{own_server.url}?wait_replicas=1&wait_timeout=400")
    await backend.enqueue([Message("a", "q", b""), Message("b", "q", b"")])
    (held,) = await backend.reserve(["q"], limit=1, lease=MINUTE)
    replica.suspend()
    told = "done, but fewer than 1 replicas acknowledged it within 400 ms, so a failover may undo it"
    with pytest.raises(jobkit.BackendUnavailable, match=told):
        await backend.enqueue([Message("c", "q", b"")])
    with pytest.raises(jobkit.BackendUnavailable, match=told):
        await asyncio.to_thread(backend.blocking().enqueue, [Message("d", "q", b"")])
    with pytest.raises(jobkit.BackendUnavailable, match=told):
        await backend.reserve(["q"], limit=1, lease=MINUTE)
    assert await backend.settle([Done(held.token)]) == [Indeterminate()], "it ended here, and perhaps not for good"
    assert (await backend.counts("q")).leased == 0, "looking waits for nobody"
    replica.resume()
    assert await backend.enqueue([Message(id, "q", b"") for id in ("c", "d")]) == [Duplicate()] * 2
    left = await backend.reserve(["q"], limit=5, lease=MINUTE)
    assert sorted(each.message.id for each in left) == ["b", "c", "d"]
    assert {each.attempt for each in left} == {1}, "what was taken without telling was given back"


async def test_a_repetition_is_acknowledged_like_the_first_time(
    own_server: Server, replica: Server, clients: Open
) -> None:
    """It writes nothing, since it is known; what it speaks of has to be on the replica all the same."""
    other, backend = clients(own_server.url), clients(f"{own_server.url}?wait_replicas=1&wait_timeout=400")
    await backend.queues()
    replica.suspend()
    await other.enqueue([Message("a", "q", b"")])
    with pytest.raises(jobkit.BackendUnavailable, match="fewer than 1 replicas"):
        await backend.enqueue([Message("a", "q", b"")])
    replica.resume()


async def test_a_master_without_enough_replicas_refuses(own_server: Server, clients: Open) -> None:
    backend = clients(own_server.url)
    await backend.enqueue([Message("a", "q", b"")])
    (held,) = await backend.reserve(["q"], limit=1, lease=MINUTE)
    ask(own_server, "CONFIG", "SET", "min-replicas-to-write", 1)
    if "redis 6." in await backend.describe():
        assert await backend.settle([Done(held.token)]) == [Settled()], "that version does not ask scripts for it"
        return
    with pytest.raises(jobkit.BackendUnavailable, match="(?i)not enough good replicas"):
        await backend.enqueue([Message("b", "q", b"")])
    with pytest.raises(jobkit.BackendUnavailable, match="(?i)not enough good replicas"):
        await backend.settle([Done(held.token)])
    ask(own_server, "CONFIG", "SET", "min-replicas-to-write", 0)
    assert await backend.settle([Done(held.token)]) == [Settled()]
    assert await backend.queues() == [], "nothing of what was refused is stored"


async def enqueue_until_refused(backend: RedisBackend) -> NoReturn:
    """The script of the other has to be there, and to have taken its time."""
    while True:
        await backend.enqueue([Message("a", "q", b"")])


async def test_a_server_that_is_busy_with_somebody_s_script(own_server: Server, clients: Open) -> None:
    backend, other = clients(f"{own_server.url}?timeout=1000"), clients(f"{own_server.url}?timeout=20000")
    await backend.queues()
    ask(own_server, "CONFIG", "SET", "lua-time-limit", 20)
    endless = asyncio.create_task(other._carrier.channel.call(["EVAL", "while true do end", 0]))
    with pytest.raises(jobkit.BackendUnavailable, match="(?i)busy"):
        await enqueue_until_refused(backend)
    await asyncio.to_thread(ask, own_server, "SCRIPT", "KILL")
    with pytest.raises(ResponseError, match="(?i)script"):
        await endless
    assert len(await backend.enqueue([Message("b", "q", b"")])) == 1
