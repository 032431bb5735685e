"""How a worker works, and what can't be meant."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

import jobkit
from jobkit.errors import ConfigurationError
from jobkit.events import Ended, Started
from jobkit.worker import Options
from jobkit.worker.health_files import HealthFiles
from jobkit.worker.recycling import MIB, RecyclePolicy, memory
from jobkit.worker.stats import WorkerStats
from tests.worker.recorder import Recorder


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ({"concurrency": 0}, "concurrency is 1 to 100,000 jobs at a time, not 0"),
        ({"threads": 0}, "threads is a number from 1 on, not 0"),
        ({"max_jobs": 2.5}, "max_jobs is a number from 1 on, not 2.5"),
        ({"max_memory": "1G"}, "max_memory is a number from 1 on, not '1G'"),
        ({"weights": {"mail": 0}}, "the weight of 'mail' is 1 to 1000, not 0"),
        ({"lease": 0.01}, "lease is seconds, at least 0.05, not 0.01"),
        ({"grace": float("nan")}, "grace is seconds, at least 0, not nan"),
    ],
)
def test_what_can_not_be_meant_is_refused(stated: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{message}$"):
        Options(**stated)


def test_options_are_a_whole_or_single_ones(app: jobkit.App) -> None:
    assert jobkit.Worker(app, options=Options(queues=["default"])).options.queues == ("default",)
    with pytest.raises(ConfigurationError, match="or single ones, not both"):
        jobkit.Worker(app, options=Options(), concurrency=3)


async def test_no_more_plain_jobs_start_than_there_are_threads(app: jobkit.App, recorder: Recorder) -> None:
    go_on, two, running, most = threading.Event(), threading.Event(), [0], [0]
    lock = threading.Lock()

    @app.job(name="plain")
    def plain() -> None:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
            if running[0] == 2:
                two.set()
        go_on.wait(20)
        with lock:
            running[0] -= 1

    @app.job(name="later")
    async def later() -> None:
        await asyncio.sleep(0)

    async with jobkit.Worker(app, concurrency=10, threads=2):
        await app.aenqueue_many([*(later.call() for _ in range(20)), *(plain.call() for _ in range(6))])
        await recorder.wait(Started, 22)
        await recorder.wait(Ended, 20)  # the asynchronous ones: they need no thread, and no plain one can end yet
        assert await asyncio.to_thread(two.wait, 20)  # told to start is not yet at work
        go_on.set()
        await recorder.wait(Ended, 26)
    assert most == [2]


async def test_it_stops_by_itself_once_it_has_done_enough(app: jobkit.App) -> None:
    @app.job(name="later")
    async def later() -> None: ...

    await app.aenqueue_many([later.call() for _ in range(5)])
    worker = jobkit.Worker(app, concurrency=1, max_jobs=3)
    async with asyncio.timeout(20):
        await worker.run()
    assert worker.figures.ended >= 3
    assert not worker.ready


def test_enough_is_executions_or_memory() -> None:
    assert memory() > MIB
    assert RecyclePolicy(None, None).reason(10**9) is None
    assert not RecyclePolicy(None, None).wanted
    assert RecyclePolicy(3, None).reason(2) is None
    assert RecyclePolicy(3, None).reason(3) == "3 executions have ended, of 3 at most"
    assert RecyclePolicy(None, 1_000_000).reason(0) is None
    assert "MiB are used, of 1 at most" in (RecyclePolicy(None, 1).reason(0) or "")


async def test_files_tell_how_it_is(tmp_path: Path) -> None:
    ready, live = tmp_path / "ready", tmp_path / "live"
    files = HealthFiles(ready, live)
    files.begin()
    await asyncio.sleep(0)
    assert live.exists()
    assert not ready.exists()
    files.set_ready(ready=True)
    assert ready.exists()
    files.set_ready(ready=False)
    assert not ready.exists()
    files.set_ready(ready=True)
    files.end()
    assert not ready.exists()
    assert not live.exists()


async def test_what_is_not_alive_is_not_touched(tmp_path: Path) -> None:
    files = HealthFiles(None, tmp_path / "live")
    files.begin(lambda: False)
    await asyncio.sleep(0)
    assert not (tmp_path / "live").exists()
    files.end()


def test_figures_of_several_are_one() -> None:
    one, other = WorkerStats(ready=True, running=1, ended=5, failed=2), WorkerStats(running=2, given_back=1)
    assert WorkerStats.total([one, other]) == WorkerStats(running=3, ended=5, failed=2, given_back=1)
    assert WorkerStats.total([one]).ready
    assert not WorkerStats.total([]).ready
