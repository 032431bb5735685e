"""What an isolated job leaves to be written or stored is not lost when its process ends, or is killed after it."""

from __future__ import annotations

import os
import signal
import sys
from importlib import import_module
from pathlib import Path

import pytest

import jobkit
from jobkit.errors import TimeLimit
from jobkit.events import Settled
from jobkit.execute.outcome import Performed
from jobkit.worker import pool_process
from tests.worker.isolated_shop import Shop
from tests.worker.recorder import Recorder

pytestmark = pytest.mark.realtime


@pytest.fixture(autouse=True)
def buffered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Output is buffered as it is by default, whatever this test run says."""
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)


POSTING = """
import os
from pathlib import Path
import jobkit

here = Path(__file__).parent
app = jobkit.App(f"sqlite:///{here}/jobs.db")

@app.job(name="target", queue="other")
def target(number: int) -> None: ...

@app.job(name="posting", isolate="process")
def posting(count: int) -> None:
    here.joinpath("pid").write_text(str(os.getpid()))
    for number in range(count):
        app.enqueue_in_background(target.call(number))
"""


async def test_what_a_job_prints_is_written_when_it_ends(
    shop: Shop, recorder: Recorder, capfd: pytest.CaptureFixture[str]
) -> None:
    async with jobkit.Worker(shop.app):
        await shop.module.talk.aenqueue(hang=False)
        await recorder.wait(Settled)
        assert capfd.readouterr().out == "a line of a job\n"


async def test_what_a_job_has_printed_is_written_though_it_is_killed(
    shop: Shop, recorder: Recorder, capfd: pytest.CaptureFixture[str]
) -> None:
    async with jobkit.Worker(shop.app):
        await shop.module.talk.aenqueue(hang=True)
        (settled,) = await recorder.wait(Settled)
    assert isinstance(settled.outcome.error, TimeLimit)
    assert capfd.readouterr().out == "a line of a job\n"


async def test_exit_handlers_of_its_process_run_and_its_threads_are_joined(shop: Shop, recorder: Recorder) -> None:
    async with jobkit.Worker(shop.app):
        await shop.module.leave_exit_work.aenqueue()
        await recorder.wait(Settled)
    assert sorted(shop.notes) == ["exit handler", "finalizer", "thread"]


async def test_an_exit_handler_that_does_not_end_is_cut_off_and_told(
    shop: Shop, recorder: Recorder, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_process, "EXIT_TIMEOUT", 0.5)
    async with jobkit.Worker(shop.app):
        await shop.module.leave_endless_exit_work.aenqueue()
        await recorder.wait(Settled)
    assert f"process {shop.notes[0]} of isolated jobs ended badly, killed by SIGALRM: what its exit" in caplog.text


@pytest.mark.invariant
@pytest.mark.parametrize("end", ["stopped", "killed after the job"])
async def test_background_enqueues_of_a_job_are_stored(
    tmp_path: Path, recorder: Recorder, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    name = f"posting_{tmp_path.name.replace('-', '_')}"
    tmp_path.joinpath(f"{name}.py").write_text(POSTING)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    module = import_module(name)
    async with jobkit.Worker(module.app, queues=["default"]):
        await module.posting.aenqueue(2000)
        (settled,) = await recorder.wait(Settled)
        if end != "stopped":
            os.kill(int(tmp_path.joinpath("pid").read_text()), signal.SIGKILL)
    assert settled.outcome.state is Performed.SUCCEEDED
    (clients,) = module.app.by_source()
    assert (await clients.for_running_loop().counts("other")).ready == 2000
