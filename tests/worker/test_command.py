"""``jobkit worker`` as a process: what it refuses, and how it ends when it is asked to."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobkit.testing.redis.server import Server
from jobkit.worker.stop_requests import MOMENT

pytestmark = pytest.mark.realtime

APP = """
import os, time
from pathlib import Path
import jobkit

app = jobkit.App()
here = Path(os.environ["HERE"])

@app.job(name="slow")
def slow() -> None:
    here.joinpath("started").touch()
    while not here.joinpath("go-on").exists():
        time.sleep(0.01)
    here.joinpath("ended").touch()

if __name__ == "__main__":
    slow.enqueue()
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = Server.start()
    yield server
    server.stop()


@pytest.fixture
def environment(server: Server, tmp_path: Path) -> dict[str, str]:
    tmp_path.joinpath("tasks.py").write_text(APP)
    url = f"{server.url}?namespace={tmp_path.name}"
    return {**os.environ, "JOBKIT_BACKEND": url, "HERE": str(tmp_path)}


def start(environment: dict[str, str], *arguments: str, app: str = "tasks:app") -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "jobkit", "worker", app, *arguments]
    return subprocess.Popen(command, cwd=environment["HERE"], env=environment, stderr=subprocess.PIPE, text=True)


def enqueue(environment: dict[str, str]) -> None:
    subprocess.run([sys.executable, "tasks.py"], cwd=environment["HERE"], env=environment, check=True)


def await_file(process: subprocess.Popen[str], environment: dict[str, str], name: str) -> None:
    """Until a file is there; the process is what writes it."""
    path = Path(environment["HERE"], name)
    for _ in range(2_000):
        if path.exists():
            return
        assert process.poll() is None, process.communicate()[1]
        try:
            process.wait(timeout=0.01)
        except subprocess.TimeoutExpired:
            continue
    raise AssertionError(f"{name} never came")


def test_term_lets_a_running_job_end(environment: dict[str, str]) -> None:
    enqueue(environment)
    worker = start(environment, "--ready-file", "ready")
    await_file(worker, environment, "started")
    await_file(worker, environment, "ready")
    worker.send_signal(signal.SIGTERM)
    Path(environment["HERE"], "go-on").touch()
    _, log = worker.communicate(timeout=30)
    assert worker.returncode == 0, log
    assert "asked to stop by SIGTERM" in log
    assert "stopped: 1 executions ended, 0 jobs were given back" in log
    assert Path(environment["HERE"], "ended").exists()
    assert not Path(environment["HERE"], "ready").exists()


@pytest.mark.invariant
def test_what_does_not_end_is_given_back_and_another_worker_has_it_at_once(environment: dict[str, str]) -> None:
    enqueue(environment)
    worker = start(environment, "--grace", "0.1", "--lease", "600")
    await_file(worker, environment, "started")
    worker.send_signal(signal.SIGTERM)
    _, log = worker.communicate(timeout=30)
    assert worker.returncode == 0, log
    assert "0 executions ended, 1 jobs were given back" in log
    Path(environment["HERE"], "started").unlink()
    other = start(environment)
    await_file(other, environment, "started")
    Path(environment["HERE"], "go-on").touch()
    await_file(other, environment, "ended")
    other.send_signal(signal.SIGTERM)
    other.communicate(timeout=30)


def test_a_second_term_ends_it_at_once(environment: dict[str, str]) -> None:
    enqueue(environment)
    worker = start(environment)
    await_file(worker, environment, "started")
    worker.send_signal(signal.SIGTERM)
    assert worker.stderr is not None
    while "asked to stop" not in worker.stderr.readline():
        pass
    while worker.poll() is None:
        worker.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            worker.wait(2 * MOMENT)  # one sooner than that would count as the same
    worker.communicate(timeout=30)
    assert worker.returncode == 128 + signal.SIGTERM


@pytest.mark.invariant
def test_two_terms_within_a_moment_count_once(environment: dict[str, str]) -> None:
    enqueue(environment)
    worker = start(environment)
    await_file(worker, environment, "started")
    os.kill(worker.pid, signal.SIGSTOP)  # else the test might be held up between the two
    os.kill(worker.pid, signal.SIGTERM)
    os.kill(worker.pid, signal.SIGINT)
    os.kill(worker.pid, signal.SIGCONT)
    Path(environment["HERE"], "go-on").touch()
    _, log = worker.communicate(timeout=30)
    assert worker.returncode == 0, log
    assert "stopped: 1 executions ended" in log


@pytest.mark.parametrize(
    ("app", "message"),
    [
        ("tasks", "an app is named as module:app"),
        ("nothing:app", "no module 'nothing'"),
        ("tasks:nothing", "tasks:nothing is not a jobkit.App; there is tasks:app"),
        ("os:path", "os:path is not a jobkit.App"),
    ],
)
def test_an_app_that_is_not_there(environment: dict[str, str], app: str, message: str) -> None:
    worker = start(environment, app=app)
    _, log = worker.communicate(timeout=30)
    assert worker.returncode == 2
    assert message in log


def test_memory_is_refused(environment: dict[str, str]) -> None:
    worker = start({**environment, "JOBKIT_BACKEND": "inline:"})
    _, log = worker.communicate(timeout=30)
    assert worker.returncode == 2
    assert "the memory of another process" in log
    assert "JOBKIT_BACKEND" in log


def test_a_password_is_not_logged(environment: dict[str, str], server: Server) -> None:
    url = f"redis://user:s3cr3t@127.0.0.1:{server.port}"
    worker = start({**environment, "JOBKIT_BACKEND": url}, "--log-level", "debug")
    assert worker.stderr is not None
    lines: list[str] = []
    while "trying again" not in (line := worker.stderr.readline()):
        assert line, "".join(lines)
        lines.append(line)
    worker.send_signal(signal.SIGTERM)
    lines += [line, worker.communicate(timeout=30)[1]]
    assert "s3cr3t" not in "".join(lines)
    assert "password" in line.lower()
