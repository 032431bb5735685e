"""What an isolated job starts ends with its process; and the death of a process is learnt from the process."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

import jobkit
from jobkit.errors import ProcessLost, TimeLimit
from jobkit.events import Ended, Settled, Started
from jobkit.execute.outcome import Performed
from tests.worker.isolated_shop import Shop, end_of, lives
from tests.worker.recorder import Recorder

pytestmark = [pytest.mark.realtime, pytest.mark.invariant]


@contextmanager
def ended_at_last(shop: Shop) -> Iterator[None]:
    """Kill what a job has forked into a group of its own, once the test is over."""
    try:
        yield
    finally:
        for pid in map(int, shop.notes):
            if lives(pid):
                os.kill(pid, signal.SIGKILL)


def _is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


async def test_at_a_limit_the_helpers_of_a_job_end_before_it_is_tried_again(shop: Shop, recorder: Recorder) -> None:
    async with jobkit.Worker(shop.app):
        await shop.module.hang_with_helper.aenqueue()
        (settled,) = await recorder.wait(Settled)
        assert isinstance(settled.outcome.error, TimeLimit)
        await end_of(int(shop.notes[0]))


async def test_at_the_end_of_the_grace_helpers_end(shop: Shop, recorder: Recorder) -> None:
    async with jobkit.Worker(shop.app, grace=0.1):
        await shop.module.hang_with_helper.aenqueue()
        await recorder.wait(Started)
        await shop.until_noted(1)
    assert recorder.of(Ended)[0].outcome.state is Performed.INTERRUPTED
    await end_of(int(shop.notes[0]))


async def test_when_a_process_crashes_its_helpers_end(shop: Shop, recorder: Recorder) -> None:
    async with jobkit.Worker(shop.app):
        await shop.module.leave_helper.aenqueue(crash=True)
        (settled,) = await recorder.wait(Settled)
        assert isinstance(settled.outcome.error, ProcessLost)
        await end_of(int(shop.notes[0]))


async def test_when_a_worker_stops_the_helpers_that_jobs_have_left_end(shop: Shop, recorder: Recorder) -> None:
    async with jobkit.Worker(shop.app):
        await shop.module.leave_helper.aenqueue(crash=False)
        (settled,) = await recorder.wait(Settled)
    assert settled.outcome.state is Performed.SUCCEEDED
    await end_of(int(shop.notes[0]))


async def test_a_crash_is_noticed_though_a_grandchild_holds_each_descriptor(shop: Shop, recorder: Recorder) -> None:
    with ended_at_last(shop):
        async with jobkit.Worker(shop.app):
            await shop.module.fork.aenqueue(crash=True)
            (settled,) = await recorder.wait(Settled)
        assert settled.outcome.state is Performed.RETRYING
        assert str(settled.outcome.error) == "its process ended before it did: killed by SIGKILL"
        assert lives(int(shop.notes[0]))


async def test_a_worker_stops_though_a_grandchild_holds_each_descriptor(
    shop: Shop, recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    with ended_at_last(shop):
        async with jobkit.Worker(shop.app):
            await shop.module.fork.aenqueue(crash=False)
            (settled,) = await recorder.wait(Settled)
        assert settled.outcome.state is Performed.SUCCEEDED
        assert lives(int(shop.notes[0]))
    assert "did not end" not in caplog.text


async def test_a_process_ends_though_a_process_of_its_worker_holds_each_descriptor(
    shop: Shop, recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    """As a plain job that forks leaves it."""
    async with jobkit.Worker(shop.app):
        await shop.module.pid.aenqueue()
        await recorder.wait(Settled)
        held = tuple(fd for fd in range(256) if _is_open(fd))
        other = await asyncio.create_subprocess_exec("sleep", "120", pass_fds=held)
    other.kill()
    await other.wait()
    assert not lives(int(shop.notes[0]))
    assert "did not end" not in caplog.text


async def test_a_process_that_closes_its_connection_is_lost_and_killed(shop: Shop, recorder: Recorder) -> None:
    async with jobkit.Worker(shop.app):
        await shop.module.close_all.aenqueue()
        (settled,) = await recorder.wait(Settled)
        assert settled.outcome.state is Performed.RETRYING
        assert str(settled.outcome.error) == "its process ended before it did: it closed its connection to the worker"
        await end_of(int(shop.notes[0]))


WORKER = """
import asyncio, logging, sys
import jobkit, {name}

async def main():
    async with jobkit.Worker({name}.app):
        await {name}.hang_with_helper.using().aenqueue()
        await asyncio.Event().wait()

logging.basicConfig(level=logging.INFO)
asyncio.run(main())
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGABRT])
async def test_when_a_worker_is_killed_the_helpers_of_its_jobs_end(shop: Shop, number: signal.Signals) -> None:
    code = WORKER.format(name=shop.module.__name__).replace("hang_with_helper", "sleep_with_helper")
    worker = await asyncio.create_subprocess_exec(sys.executable, "-c", code, cwd=shop.folder)
    await shop.until_noted(2)
    worker.send_signal(number)
    await worker.wait()
    for pid in map(int, shop.notes):
        await end_of(pid)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_to_all_processes_of_a_unit_leaves_the_job_to_its_worker(
    shop: Shop, recorder: Recorder, number: signal.Signals
) -> None:
    """What the job starts takes notice of signals as ever."""
    async with jobkit.Worker(shop.app):
        await shop.module.ignore_term.aenqueue()
        await shop.until_noted(1)
        os.kill(int(shop.notes[0]), number)
        shop.folder.joinpath("go-on").touch()
        (settled,) = await recorder.wait(Settled)
    assert settled.outcome.state is Performed.SUCCEEDED
    assert shop.notes[1:] == [str(-signal.SIGTERM)]
