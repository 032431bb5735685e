"""Who watches over the processes of a play, for the time when the kit is no more."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator

import pytest

from jobkit_conformance.processes.orphan_reaper import OrphanReaper

pytestmark = pytest.mark.realtime

KIT = """
import asyncio
from jobkit_conformance.processes.orphan_reaper import OrphanReaper

async def main():
    guardian = OrphanReaper()
    await guardian.open()
    stays = await asyncio.create_subprocess_exec("sleep", "600", stdout=asyncio.subprocess.DEVNULL,
                                                 start_new_session=True)
    guardian.watch(stays.pid)
    print(stays.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def _gone(pid: int) -> None:
    """Wait until a process has ended, whose ever it is."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(handle, ended.set)
    try:
        await asyncio.wait_for(ended.wait(), 20)
    finally:
        loop.remove_reader(handle)
        os.close(handle)


@pytest.fixture
async def sleeper() -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec("sleep", "600", start_new_session=True)
    yield process
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await process.wait()


async def test_a_worker_that_stands_still_does_not_outlive_a_kit_that_is_killed() -> None:
    kit = await asyncio.create_subprocess_exec(sys.executable, "-c", KIT, stdout=asyncio.subprocess.PIPE)
    assert kit.stdout is not None
    worker = int(await kit.stdout.readline())
    os.kill(worker, signal.SIGSTOP)
    kit.kill()
    await kit.wait()
    await _gone(worker)


async def test_whoever_is_still_watched_at_the_end_is_killed(sleeper: asyncio.subprocess.Process) -> None:
    guardian = OrphanReaper()
    await guardian.open()
    guardian.watch(sleeper.pid)
    await guardian.close()
    assert await sleeper.wait() == -signal.SIGKILL


async def test_who_was_forgotten_is_left_alone(sleeper: asyncio.subprocess.Process) -> None:
    other = await asyncio.create_subprocess_exec("sleep", "600", start_new_session=True)
    guardian = OrphanReaper()
    await guardian.open()
    for group in (other.pid, sleeper.pid):
        guardian.watch(group)
    guardian.forget(sleeper.pid)
    await guardian.close()
    assert await other.wait() == -signal.SIGKILL
    assert sleeper.returncode is None
    os.kill(sleeper.pid, 0)
