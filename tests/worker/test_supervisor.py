"""``jobkit worker --processes``: what dies is started again, signals are handed on, and exit codes tell the truth."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.realtime

APP = """
import os, time
from pathlib import Path
import jobkit

app = jobkit.App()
here = Path(os.environ["HERE"])

@app.job(name="note")
def note(text: str) -> None:
    with here.joinpath("notes").open("a") as file:
        file.write(f"{text} {os.getpid()}\\n")

@app.job(name="hang")
def hang() -> None:
    here.joinpath("started").touch()
    while not here.joinpath("go-on").exists():
        time.sleep(0.01)
"""


class Supervised:
    """A supervisor, and what it logs, read line by line."""

    def __init__(self, folder: Path, *arguments: str, app: str = "tasks:app") -> None:
        self.folder = folder
        self.log = ""
        folder.joinpath("tasks.py").write_text(APP)
        backend = f"sqlite:///{folder / 'jobs.db'}"
        self.environment = {**os.environ, "JOBKIT_BACKEND": backend, "HERE": str(folder)}
        command = [sys.executable, "-m", "jobkit", "worker", app, "--lease=2", "--loop=asyncio", *arguments]
        self.process = subprocess.Popen(
            command, cwd=folder, env=self.environment, stderr=subprocess.PIPE, text=True, start_new_session=True
        )

    def until(self, pattern: str) -> re.Match[str]:
        """Read on until a line matches."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log += line
            if found := re.search(pattern, line):
                return found
        raise AssertionError(f"{pattern!r} was never logged:\n{self.log}")

    def enqueue(self, call: str) -> None:
        code = f"import tasks; tasks.{call}"
        subprocess.run([sys.executable, "-c", code], cwd=self.folder, env=self.environment, check=True)

    def end(self) -> int:
        _, rest = self.process.communicate(timeout=60)
        self.log += rest
        return self.process.returncode

    def pids(self) -> list[int]:
        return [int(pid) for pid in re.findall(r"process (\d+) has started", self.log)]


@pytest.fixture
def started(tmp_path: Path) -> Iterator[list[Supervised]]:
    running: list[Supervised] = []
    yield running
    for each in running:
        if each.process.poll() is None:
            each.process.terminate()
            try:
                each.process.communicate(timeout=20)
            except subprocess.TimeoutExpired:
                for pid in [each.process.pid, *each.pids()]:
                    os.kill(pid, signal.SIGKILL)


def test_who_is_killed_is_started_again_and_term_ends_all(tmp_path: Path, started: list[Supervised]) -> None:
    all = Supervised(tmp_path, "--processes=2", "--ready-file=ready")
    started.append(all)
    for _ in range(2):
        all.until("jobs at a time")
    first = all.pids()[0]
    os.kill(first, signal.SIGKILL)
    all.until(rf"process {first} has ended \(killed by SIGKILL\); another is started in 0\.5 s")
    all.until("jobs at a time")
    all.enqueue("note.enqueue('hello')")
    while not tmp_path.joinpath("ready").exists() or not tmp_path.joinpath("notes").exists():
        assert all.process.poll() is None
    all.process.send_signal(signal.SIGTERM)
    assert all.end() == 0, all.log
    assert all.log.count("stopped: ") == 2
    assert "all 2 processes have ended" in all.log
    assert not tmp_path.joinpath("ready").exists()
    assert int(tmp_path.joinpath("notes").read_text().split()[1]) in all.pids()


def test_what_can_not_be_run_is_not_tried_again(tmp_path: Path, started: list[Supervised]) -> None:
    all = Supervised(tmp_path, "--processes=2", app="tasks:nothing")
    started.append(all)
    assert all.end() == 2
    assert "tasks:nothing is not a jobkit.App" in all.log


def test_a_second_term_ends_all_at_once(tmp_path: Path, started: list[Supervised]) -> None:
    all = Supervised(tmp_path, "--processes=1")
    started.append(all)
    all.until("jobs at a time")
    all.enqueue("hang.enqueue()")
    while not tmp_path.joinpath("started").exists():
        assert all.process.poll() is None
    all.process.send_signal(signal.SIGTERM)
    all.until("asked to stop by SIGTERM")
    all.until("asked to stop by SIGTERM")  # the process too
    all.process.send_signal(signal.SIGTERM)
    assert all.end() == 128 + signal.SIGTERM


def test_when_the_supervisor_is_killed_its_processes_stop(tmp_path: Path, started: list[Supervised]) -> None:
    all = Supervised(tmp_path, "--processes=1")
    started.append(all)
    all.until("jobs at a time")
    all.process.kill()
    all.until("stopped: 0 executions ended")
    all.end()


def test_a_process_that_has_done_enough_is_replaced(tmp_path: Path, started: list[Supervised]) -> None:
    all = Supervised(tmp_path, "--max-jobs=2", "--concurrency=1")
    started.append(all)
    all.until("jobs at a time")
    all.enqueue("app.enqueue_many([tasks.note.call(str(n)) for n in range(3)])")
    all.until("stopping for another worker to begin: 2 executions have ended, of 2 at most")
    all.until("another takes its place")
    all.until("jobs at a time")
    while tmp_path.joinpath("notes").read_text().count("\n") < 3:
        assert all.process.poll() is None
    all.process.send_signal(signal.SIGINT)
    assert all.end() == 0, all.log
    pids = [int(line.split()[1]) for line in tmp_path.joinpath("notes").read_text().splitlines()]
    assert pids == [all.pids()[0], all.pids()[0], all.pids()[1]]


def test_hup_replaces_one_after_the_other(tmp_path: Path, started: list[Supervised]) -> None:
    all = Supervised(tmp_path, "--processes=2")
    started.append(all)
    for _ in range(2):
        all.until("jobs at a time")
    before = all.pids()
    all.process.send_signal(signal.SIGHUP)
    all.until("asked by HUP to replace all processes")
    for _ in range(2):
        all.until("another takes its place")
        all.until("jobs at a time")
    all.process.send_signal(signal.SIGTERM)
    assert all.end() == 0, all.log
    assert len(all.pids()) == 4
    ends = [int(pid) for pid in re.findall(r"process (\d+) has ended; another takes its place", all.log)]
    assert sorted(ends) == sorted(before)
