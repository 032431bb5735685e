"""``jobkit worker --processes``: what dies is started again, signals are handed on, and exit codes tell the truth."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from jobkit.cli.worker import loop_factory
from jobkit.worker.health_files import HealthFiles
from jobkit.worker.stop_requests import MOMENT
from jobkit.worker.supervisor import KILL_AFTER_GRACE, Supervisor
from tests.realtime import LEASE, SOON_OVER

pytestmark = pytest.mark.realtime

APP = """
import os, time
from functools import partial
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
    note("hang")

@app.job(name="die_with_its_worker")
def die_with_its_worker(own_session: bool) -> None:
    if here.joinpath("forked").exists():
        return note("second attempt")
    if os.fork() == 0:
        if own_session:
            os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDWR), 2)  # else the test would read its log for so long
        here.joinpath("forked.new").write_text(str(os.getpid()))
        here.joinpath("forked.new").rename(here / "forked")
        time.sleep(600)
        os._exit(0)
    while not here.joinpath("forked").exists():
        time.sleep(0.01)
    os.kill(os.getpid(), 9)
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

    def until_file(self, name: str) -> str:
        """Wait until a job has written a file, and return its text."""
        path = self.folder / name
        while not path.exists():
            assert self.process.poll() is None, self.log
        return path.read_text()

    def until_note(self) -> str:
        """Wait until a job has written a whole line of its notes, and return them."""
        while not (text := self.until_file("notes")).endswith("\n"):
            assert self.process.poll() is None, self.log
        return text

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
    all.until("asked to stop by its supervisor")
    while all.process.poll() is None:
        all.process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            all.process.wait(2 * MOMENT)  # one sooner than that would count as the same
    assert all.end() == 128 + signal.SIGTERM
    assert "asked to stop again: ending at once" in all.log


@pytest.mark.invariant
@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize("own_session", [False, True])
def test_a_worker_killed_beside_its_child_is_replaced(
    tmp_path: Path, started: list[Supervised], loop: str, *, own_session: bool
) -> None:
    all = Supervised(tmp_path, "--processes=1", f"--lease={LEASE}", f"--loop={loop}")
    started.append(all)
    all.until("jobs at a time")
    all.enqueue(f"die_with_its_worker.enqueue({own_session})")
    all.until(r"has ended \(killed by SIGKILL\); another is started")
    child = int(all.until_file("forked"))
    all.until("jobs at a time")
    assert all.until_note().startswith("second attempt")
    all.process.send_signal(signal.SIGTERM)
    assert all.end() == 0, all.log
    assert is_running(child) is own_session  # what left the group was not the worker's any more
    if own_session:
        os.kill(child, signal.SIGKILL)


@pytest.mark.invariant
@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_term_to_every_process_at_once_cuts_no_job_off(tmp_path: Path, started: list[Supervised], loop: str) -> None:
    all = Supervised(tmp_path, "--processes=1", f"--loop={loop}")
    started.append(all)
    all.until("jobs at a time")
    all.enqueue("hang.enqueue()")
    all.until_file("started")
    all.process.send_signal(signal.SIGTERM)
    all.until("asked to stop by its supervisor")
    os.kill(all.pids()[0], signal.SIGTERM)
    tmp_path.joinpath("go-on").touch()
    assert all.end() == 0, all.log
    assert "again" not in all.log
    assert tmp_path.joinpath("notes").read_text().startswith("hang")


def test_kill_after_the_grace_ends_the_whole_group(tmp_path: Path) -> None:
    """A process that ignores the order and TERM, with a child that would hold its descriptors for long."""
    code = (
        "import os, signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        f"child = os.fork(); open({str(tmp_path / 'pids')!r}, 'a').write(f'{{os.getpid()}}\\n'); "
        "child and os.write(int(sys.argv[1]), b'{\"ready\":true}\\n'); time.sleep(600)"
    )

    async def main() -> int:
        supervisor = Supervisor(
            lambda _, fd: [sys.executable, "-c", code, str(fd)],
            1,
            SOON_OVER - KILL_AFTER_GRACE,
            HealthFiles(None, None),
        )
        running = asyncio.create_task(supervisor.run())
        while not (tmp_path / "pids").exists() or len((tmp_path / "pids").read_text().split()) < 2:
            await asyncio.sleep(0)
        supervisor.request_stop(signal.SIGTERM)
        return await running

    assert asyncio.run(main()) == 1
    for pid in (tmp_path / "pids").read_text().split():
        until(partial(has_ended, int(pid)))


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_replaced_processes_leave_no_descriptor(loop: str) -> None:
    code = "import os, sys; os.write(int(sys.argv[1]), b'{\"ready\":true}\\n')"
    counts: list[int] = []

    async def main() -> int:
        supervisor = Supervisor(
            lambda _, fd: [sys.executable, "-ISc", code, str(fd)],
            1,
            1,
            HealthFiles(None, None),
            ended=lambda _: count(),
        )

        def count() -> None:
            counts.append(open_descriptors())
            if len(counts) == 50:
                supervisor.request_stop(signal.SIGTERM)

        return await supervisor.run()

    with asyncio.Runner(loop_factory=loop_factory(loop)) as runner:
        assert runner.run(main()) == 0
    assert len(set(counts)) == 1, counts


NOT_STARTED = [OSError(code, os.strerror(code)) for code in (errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENOENT)]


@pytest.mark.parametrize("error", [*NOT_STARTED, MemoryError(), RuntimeError("can't start new thread")], ids=repr)
def test_a_process_that_can_not_be_started_is_tried_again(
    error: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tries: list[int] = []

    async def main() -> int:
        def command(place: int, _: int) -> list[str]:
            tries.append(place)
            if len(tries) < 4:
                raise error
            supervisor.request_stop(signal.SIGTERM)
            return [sys.executable, "-ISc", ""]

        supervisor = Supervisor(command, 1, 1, HealthFiles(None, None))
        return await supervisor.run()

    monkeypatch.setattr("jobkit.worker.supervisor.FIRST", SOON_OVER)
    before = open_descriptors()
    assert asyncio.run(main()) == 0
    assert open_descriptors() == before
    assert len(tries) == 4
    assert caplog.text.count(f"no process can be started ({error!r}); trying again") == 3


def has_ended(pid: int) -> bool:
    return not is_running(pid)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def until(condition: Callable[[], bool]) -> None:
    for _ in range(3_000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it never came")


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


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
