"""Several processes on one file: none in the way of another, none granted what another has; and forks."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from jobkit.backend import Message
from tests.backends.sqlite.clients import Open, run, start

JOBS = 200


@pytest.mark.invariant
@pytest.mark.realtime
async def test_producers_and_workers_of_six_processes(clients: Open, url: str) -> None:
    """They all open the file at once, which is not there yet."""
    producers = [start("produces", url, "test", JOBS, first * JOBS) for first in range(3)]
    workers = [start("works", url, "test", 600_000, 3_000) for _ in range(3)]
    processes = [*producers, *workers]
    said = await asyncio.gather(*(asyncio.to_thread(each.communicate, timeout=60) for each in processes))
    assert [each.returncode for each in processes] == [0] * 6
    enqueued = sorted(int(line) for out, _ in said[:3] for line in out.split())
    performed = [line.split() for out, _ in said[3:] for line in out.splitlines()]
    assert enqueued == list(range(3 * JOBS))
    assert sorted(int(id) for id, _ in performed) == enqueued, "each job once, by one of the workers"
    assert {attempt for _, attempt in performed} == {"1"}
    assert sum(bool(out) for out, _ in said[3:]) > 1, "one worker did it all, so nothing was shared"
    assert await clients().queues() == []


@pytest.mark.realtime
async def test_a_new_file_is_set_up_once(url: str, path: Path) -> None:
    """Eight processes begin at the same instant, all of which find no file."""
    processes = [start("begins", url) for _ in range(8)]
    for each in processes:
        assert each.stdout is not None
        assert each.stdout.readline() == "up\n"
    assert not os.access(path, os.F_OK), "one of them opened the file before it was used"
    for each in processes:
        assert each.stdin is not None
        each.stdin.write("go\n")
        each.stdin.flush()
    said = await asyncio.gather(*(asyncio.to_thread(each.communicate, timeout=60) for each in processes))
    assert [out for out, _ in said] == ["accepted\n"] * 8


async def test_namespaces_share_a_file_and_nothing_else(clients: Open) -> None:
    one, other = clients(namespace="shop"), clients(namespace="shop:q")
    for backend in (one, other):
        await backend.enqueue([Message("a", "q", b"", key="k")])
        await backend.pause("q")
    await one.wipe()
    assert (await one.counts("q")).ready == 0
    assert (await other.counts("q")).ready == 1
    await one.enqueue([Message("a", "q", b"")])
    assert len(await one.reserve(["q"], limit=1, lease=1)) == 1, "a wiped namespace has no paused queues"
    assert await other.reserve(["q"], limit=1, lease=1) == []


@pytest.mark.realtime
def test_a_child_opens_its_own(url: str) -> None:
    """With a client that is idle, and in the middle of other threads' steps; the parent goes on with what it had."""
    said = run("forks", url)
    assert said["connected in the child"] is False
    assert said["children"] == ["accepted", "accepted", "accepted"]
    assert said["while threads enqueue"] == [0] * 10
    assert said["parent after that"] == "accepted"
    assert said["ready"] == said["enqueued"]
