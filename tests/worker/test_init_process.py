"""``jobkit worker`` as process 1, and with standard descriptors closed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.realtime

APP = """
import os, time
from pathlib import Path
import jobkit

here = Path(os.environ["HERE"])
here.joinpath("importing").touch()
while here.joinpath("hold").exists():
    time.sleep(0.01)
app = jobkit.App()

@app.job(name="orphan")
def orphan() -> None:
    child = os.fork()
    if child == 0:
        if os.fork() == 0:
            here.joinpath("orphan.new").write_text(str(os.getpid()))
            here.joinpath("orphan.new").rename(here / "orphan")
        os._exit(0)
    os.waitpid(child, 0)
    while not here.joinpath("orphan").exists():
        time.sleep(0.01)
    here.joinpath("done").touch()
"""

STAND_IN = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(36, 1)  # PR_SET_CHILD_SUBREAPER: orphans come here, as they come to process 1
os.getpid = lambda: 1
from jobkit.cli.main import main
sys.exit(main(sys.argv[1:]))
"""
"""What process 1 is asked, where the system gives out no namespaces."""


def namespaces() -> list[str] | None:
    """Return the command that makes its argument process 1, or None where that is not allowed."""
    for more in ([], ["--user", "--map-root-user"]):
        command = ["unshare", *more, "--fork", "--pid", "--mount-proc"]
        try:
            if subprocess.run([*command, "true"], check=False, capture_output=True).returncode == 0:
                return command
        except FileNotFoundError:
            return None
    return None


class First:
    """A worker that is process 1, or is led to believe so."""

    def __init__(self, folder: Path, *arguments: str, real: bool) -> None:
        folder.joinpath("tasks.py").write_text(APP)
        self.environment = {**os.environ, "JOBKIT_BACKEND": f"sqlite:///{folder / 'jobs.db'}", "HERE": str(folder)}
        self.folder = folder
        command = ["worker", "tasks:app", *arguments]
        unshare = namespaces() if real else None
        start = [*unshare, sys.executable, "-m", "jobkit"] if unshare else [sys.executable, "-c", STAND_IN]
        self.process = subprocess.Popen(
            [*start, *command], cwd=folder, env=self.environment, stderr=subprocess.PIPE, text=True
        )
        self._unshared = unshare is not None

    def enqueue(self) -> None:
        code = "import tasks; tasks.orphan.enqueue()"
        subprocess.run([sys.executable, "-c", code], cwd=self.folder, env=self.environment, check=True)

    @property
    def pid(self) -> int:
        return children(self.process.pid)[0] if self._unshared else self.process.pid

    def until(self, condition: Callable[[], bool]) -> None:
        for _ in range(2_000):
            if condition():
                return
            time.sleep(0.01)
        self.process.kill()
        raise AssertionError(self.process.communicate()[1])

    def end(self) -> int:
        os.kill(self.pid, signal.SIGTERM)
        self.log = self.process.communicate(timeout=30)[1]
        return self.process.returncode


def children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for path in found for child in path.read_text().split()]


@pytest.mark.parametrize("real", [True, False])
@pytest.mark.parametrize("arguments", [[], ["--processes=1"]])
def test_process_one_collects_what_its_jobs_leave(tmp_path: Path, arguments: list[str], *, real: bool) -> None:
    first = First(tmp_path, *arguments, real=real)
    first.until(tmp_path.joinpath("importing").exists)
    first.enqueue()
    first.until(tmp_path.joinpath("done").exists)
    first.until(lambda: len(children(first.pid)) == 1)  # the worker: the orphan has come, ended and been collected
    assert first.end() == 0, first.log
    assert "stopped: 1 executions ended" in first.log


@pytest.mark.parametrize("real", [True, False])
def test_term_counts_while_the_app_is_imported(tmp_path: Path, *, real: bool) -> None:
    tmp_path.joinpath("hold").touch()
    first = First(tmp_path, real=real)
    first.until(tmp_path.joinpath("importing").exists)
    assert first.end() == 128 + signal.SIGTERM


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize("processes", ["", "--processes=1"])
@pytest.mark.parametrize("closed", ["<&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_standard_descriptors_are_opened(tmp_path: Path, closed: str, processes: str, loop: str) -> None:
    tmp_path.joinpath("tasks.py").write_text(APP)
    environment = {**os.environ, "JOBKIT_BACKEND": f"sqlite:///{tmp_path / 'jobs.db'}", "HERE": str(tmp_path)}
    command = f"exec {sys.executable} -m jobkit worker tasks:app --loop={loop} --ready-file=ready {processes} {closed}"
    worker = subprocess.Popen(["/bin/sh", "-c", command], cwd=tmp_path, env=environment)
    while not tmp_path.joinpath("ready").exists():
        assert worker.poll() is None
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=30) == 0
