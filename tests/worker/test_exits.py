"""What a job's own tasks raise ends no worker."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.realtime, pytest.mark.invariant]

APP = """
import asyncio, os, sys
import jobkit

app = jobkit.App()

async def leave(error):
    raise error

@app.job(retry=jobkit.Retry(attempts=1))
async def task(kind: str) -> None:
    error = {"exit": SystemExit(3), "interrupt": KeyboardInterrupt()}[kind]
    print("begins", kind, flush=True)
    await asyncio.create_task(leave(error))

@app.job(retry=jobkit.Retry(attempts=1))
async def group() -> None:
    print("begins group", flush=True)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(leave(SystemExit(4)))

@app.job
async def forgotten() -> None:
    print("begins forgotten", flush=True)
    task = asyncio.create_task(leave(SystemExit(5)))
    while not task.done():
        await asyncio.sleep(0)

@app.job
def last() -> None:
    print("begins last", flush=True)

if __name__ == "__main__":
    app.enqueue_many([task.call("exit"), task.call("interrupt"), group.call(), forgotten.call(), last.call()])
"""


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_a_task_that_a_job_started_and_that_leaves_the_program_is_the_jobs_own_failure(
    tmp_path: Path, loop: str
) -> None:
    tmp_path.joinpath("tasks.py").write_text(APP)
    environment = {**os.environ, "JOBKIT_BACKEND": f"sqlite:///{tmp_path / 'jobs.db'}"}
    subprocess.run([sys.executable, "tasks.py"], cwd=tmp_path, env=environment, check=True)
    command = [sys.executable, "-m", "jobkit", "worker", "tasks:app", "--concurrency=1", f"--loop={loop}"]
    said: list[str] = []
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as worker:
        assert worker.stdout is not None
        for line in worker.stdout:
            said.append(line)
            if line == "begins last\n":
                worker.terminate()
    text = "".join(said)
    assert worker.returncode == 0, text
    begun = [line.split()[1] for line in said if line.startswith("begins")]
    assert begun == ["exit", "interrupt", "group", "forgotten", "last"], text
    assert text.count("a task that a job started raised SystemExit: the worker goes on") == 3
    assert text.count("a task that a job started raised KeyboardInterrupt: the worker goes on") == 1
    assert text.count("is dead: ") == 3
    assert "5 executions ended, 0 jobs were given back" in text
