"""What each way of keeping data promises when the server ends, and what it does not: the table of the guide."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jobkit.backend import Accepted, Duplicate, Message, NotFound, Stored
from jobkit.backends.redis import RedisBackend
from jobkit.testing.redis.server import Server
from jobkit.testing.redis.topologies import ask, replica_of
from tests.backends.redis.clients import Open

pytestmark = [pytest.mark.realtime, pytest.mark.invariant]

Start = Callable[..., Server]


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[Server] = []

    def start(*settings: str) -> Server:
        started.append(Server.start(*settings))
        return started[-1]

    yield start
    for server in started:
        server.stop()


async def kept(backend: RedisBackend, *ids: str) -> list[str]:
    """Those of these ids that are still there, in whatever state."""
    found = await backend.get(ids)
    return [id for id, job in zip(ids, found, strict=True) if isinstance(job, Stored)]


async def test_nothing_kept_on_disk_is_lost_with_the_process(start: Start, clients: Open) -> None:
    server = start()
    backend = clients(server.url)
    await backend.enqueue([Message("a", "q", b"")])
    server.restart()
    assert await kept(backend, "a") == []
    (again,) = await backend.enqueue([Message("a", "q", b"")])
    assert isinstance(again, Accepted), "the same client goes on, and the id is free"


async def test_a_snapshot_keeps_what_was_there_when_it_was_taken(start: Start, clients: Open) -> None:
    server = start()
    backend = clients(server.url)
    await backend.enqueue([Message("before", "q", b"")])
    ask(server, "SAVE")
    (taken,) = await backend.reserve(["q"], limit=1, lease=60_000)
    await backend.enqueue([Message("after", "q", b"")])
    server.restart()
    assert await kept(backend, "before", "after") == ["before"]
    (again,) = await backend.reserve(["q"], limit=1, lease=60_000)
    assert (again.number, again.attempt) == (taken.number, taken.attempt), "that it was taken is not known any more"


@pytest.mark.parametrize("how", ["no", "everysec", "always"])
async def test_an_append_only_file_keeps_what_was_answered_when_the_process_is_killed(
    start: Start, clients: Open, how: str
) -> None:
    """With ``everysec`` only while the disk keeps up: what comes while a sync is under way waits in the process."""
    server = start("--appendonly", "yes", "--appendfsync", how)
    backend = clients(server.url)
    ids = [f"job-{number}" for number in range(100)]
    for at in range(0, 100, 10):
        await backend.enqueue([Message(id, "q", b"") for id in ids[at : at + 10]])
    held = await backend.reserve(["q"], limit=5, lease=60_000)
    if how == "everysec":
        await until_the_disk_has_kept_up(server)
    server.restart()
    assert await kept(backend, *ids) == ids
    counts = await backend.counts("q")
    assert (counts.leased, counts.ready) == (len(held), 95)


async def test_a_batch_that_was_half_written_when_the_machine_died_is_not_there(start: Start, clients: Open) -> None:
    """Wherever the file ends: a step is one transaction in it, and half of one is dropped."""
    server = start("--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-percentage", "0")
    backend = clients(server.url)
    await backend.enqueue([Message("first", "q", b"", key="one")])
    whole = end_of_file(server)
    await backend.enqueue([Message("second", "q", b"", key="two"), Message("third", "q", b"")])
    server.kill()
    file, size = newest_file(server), end_of_file(server)
    content = file.read_bytes()
    for cut in range(whole + 1, size, (size - whole) // 12):
        file.write_bytes(content[:cut])
        server.begin()
        assert await kept(backend, "first", "second", "third") == ["first"], f"of {size} bytes {cut} were written"
        assert (await backend.counts("q")).ready == 1
        server.kill()
    file.write_bytes(content)
    server.begin()
    assert await kept(backend, "first", "second", "third") == ["first", "second", "third"]


async def until_the_disk_has_kept_up(server: Server) -> None:
    """Until nothing waits in the process for a sync to end."""
    async with asyncio.timeout(20):
        while b"aof_buffer_length:0\r" not in await asyncio.to_thread(ask, server, "INFO", "persistence"):
            pass


def newest_file(server: Server) -> Path:
    """Where the server appends: in a folder of several files from Redis 7 on."""
    files = [*server.folder.glob("*.aof"), *server.folder.glob("appendonlydir/*.incr.aof")]
    return max(files, key=os.path.getmtime)


def end_of_file(server: Server) -> int:
    return newest_file(server).stat().st_size


async def test_a_replica_that_takes_over_has_what_had_reached_it_and_nothing_else(start: Start, clients: Open) -> None:
    master = start()
    replica = replica_of(master)
    try:
        await clients(f"{master.url}?wait_replicas=1").enqueue([Message("reached", "q", b"")])
        ask(replica, "REPLICAOF", "NO", "ONE")  # and the master, cut off, goes on
        (accepted,) = await clients(master.url).enqueue([Message("had not", "q", b"")])
        assert isinstance(accepted, Accepted), "a master asks nobody before it answers"
        backend = clients(replica.url)
        assert await kept(backend, "reached", "had not") == ["reached"]
        outcomes = await backend.enqueue([Message("reached", "q", b""), Message("had not", "q", b"")])
        assert outcomes[0] == Duplicate()
        assert isinstance(outcomes[1], Accepted), "who says it again brings it back"
    finally:
        replica.stop()


async def test_a_restored_snapshot_brings_back_what_had_ended(start: Start, clients: Open) -> None:
    """Done jobs are live again in the past: they are performed once more, and their old tokens have no say."""
    server = start()
    backend = clients(server.url)
    await backend.enqueue([Message("a", "q", b"")])
    ask(server, "SAVE")
    assert list(await backend.delete(["a"])) != [NotFound()]
    server.restart()
    assert await kept(backend, "a") == ["a"]
