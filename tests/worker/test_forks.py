"""Jobs that fork: a child handles signals as a new process does, and its worker goes on as before."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobkit.testing.redis.server import Server

pytestmark = pytest.mark.realtime

APP = """
import logging, multiprocessing, os, signal, threading
from pathlib import Path
import jobkit

app = jobkit.App()
here = Path(os.environ["HERE"])

@app.job(name="pool")
def pool(method: str) -> None:
    with multiprocessing.get_context(method).Pool(2) as pool:  # ended by TERM
        assert pool.map(abs, [-1]) == [1]
    here.joinpath(f"pool-{method}").touch()

@app.job(name="aforks")
async def aforks() -> None:
    ended_by_term()
    here.joinpath("aforks").touch()

@app.job(name="forks")
def forks() -> None:
    ended: list[bool] = []
    started = threading.Barrier(4)

    def one() -> None:
        started.wait()
        for _ in range(25):
            ended.append(ended_by_term())

    threads = [threading.Thread(target=one) for _ in range(4)]
    with logging.getLogger().handlers[0].lock:  # held by this thread while the others fork
        for thread in threads: thread.start()
    for thread in threads: thread.join()
    assert ended == [True] * 100
    here.joinpath("forks").touch()

def ended_by_term() -> bool:
    pid = os.fork()
    if pid == 0:
        while True: signal.pause()
    os.kill(pid, signal.SIGTERM)  # at once: the child may not have come further than its first instruction
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGTERM, status
    return True
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = Server.start()
    yield server
    server.stop()


@pytest.mark.invariant
@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize("processes", [[], ["--processes=1"]])
@pytest.mark.parametrize("store", ["redis", "sqlite"])
def test_children_of_jobs_end_by_term_and_the_worker_goes_on(
    server: Server, tmp_path: Path, loop: str, processes: list[str], store: str
) -> None:
    tmp_path.joinpath("tasks.py").write_text(APP)
    url = f"sqlite:///{tmp_path / 'jobs.db'}" if store == "sqlite" else f"{server.url}?namespace={tmp_path.name}"
    environment = {**os.environ, "JOBKIT_BACKEND": url, "HERE": str(tmp_path)}
    calls = "pool.call('fork'), tasks.pool.call('spawn'), tasks.pool.call('forkserver'), "
    calls += "tasks.aforks.call(), tasks.forks.call()"
    code = f"import tasks; tasks.app.enqueue_many([tasks.{calls}])"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True)
    command = [sys.executable, "-m", "jobkit", "worker", "tasks:app", f"--loop={loop}", *processes]
    with tmp_path.joinpath("log").open("w") as log:
        worker = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=log)
    try:
        expected = {"pool-fork", "pool-spawn", "pool-forkserver", "aforks", "forks"}
        for _ in range(3_000):
            if expected <= {path.name for path in tmp_path.iterdir()}:
                break
            try:
                worker.wait(timeout=0.01)
            except subprocess.TimeoutExpired:
                continue
            break
        text = tmp_path.joinpath("log").read_text()
        assert expected <= {path.name for path in tmp_path.iterdir()}, text
        assert "asked to stop" not in text
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=30) == 0
        assert "stopped: 5 executions ended, 0 jobs were given back" in tmp_path.joinpath("log").read_text()
    finally:
        worker.kill()
        worker.wait()
