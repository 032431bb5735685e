"""The files that operators begin with: systemd verifies its unit, Supervisor deploys for real, a container's steps run.

Real time: these are other people's programs, and ours under them.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from jobkit.testing.redis.server import Server

pytestmark = pytest.mark.realtime

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "examples" / "deploy"
BIN = Path(sys.executable).parent


def until(true: Callable[[], bool], what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"{what}: not within {seconds:g} s"
        time.sleep(0.05)


def test_systemd_verifies_the_unit(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    assert analyze, "systemd-analyze is wanted: apt-get install systemd"
    text = (DEPLOY / "jobkit-worker.service").read_text()
    text = text.replace("/srv/shop/.venv/bin/jobkit", str(BIN / "jobkit")).replace("User=shop", "User=root")
    unit = tmp_path / "jobkit-worker.service"
    unit.write_text(text)
    ended = subprocess.run([analyze, "verify", "--man=no", str(unit)], capture_output=True, text=True)
    assert (ended.returncode, ended.stdout + ended.stderr) == (0, "")


def test_the_unit_is_one_that_the_worker_understands() -> None:
    text = (DEPLOY / "jobkit-worker.service").read_text().replace("\\\n", " ")
    command = re.search(r"^ExecStart=\S+ (.*)$", text, re.MULTILINE)
    assert command is not None
    words = [word.replace("${RUNTIME_DIRECTORY}", "/run/shop") for word in shlex.split(command[1])]
    from jobkit.cli.main import _parser

    stated = _parser("worker").parse_args(words)
    stop = re.search(r"^TimeoutStopSec=(\d+)$", text, re.MULTILINE)
    assert stop is not None
    assert int(stop[1]) > stated.grace + 10, "longer than the grace, and what settling may take"


# Supervisor.


class Supervisor:
    """Supervisor over two workers of the deployed app."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self._environment = environment
        text = (DEPLOY / "supervisord.conf").read_text()
        text = text.replace("command=jobkit worker shop.jobs:app", f"command={BIN / 'jobkit'} worker deployed:app")
        self._conf = folder / "supervisord.conf"
        self._conf.write_text(text)
        shutil.copy(Path(__file__).parent / "deployed.py", folder)
        self.log = folder / "supervisor.log"
        with self.log.open("w") as log:
            command = [str(BIN / "supervisord"), "--nodaemon", "--configuration", str(self._conf)]
            self.process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)

    def control(self, *words: str) -> str:
        command = [str(BIN / "supervisorctl"), "--configuration", str(self._conf), *words]
        ended = subprocess.run(command, cwd=self.folder, env=self._environment, capture_output=True, text=True)
        return ended.stdout + ended.stderr

    def ready(self, number: int) -> bool:
        return self.folder.joinpath(f"ready-{number}").exists()

    def pid(self, number: int) -> int:
        return int(self.folder.joinpath(f"ready-{number}").read_text())

    def notes(self) -> list[list[int]]:
        path = self.folder / "notes"
        return [[int(word) for word in line.split()] for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = Server.start()
    yield server
    server.stop()


@pytest.fixture
def supervisor(server: Server, tmp_path: Path) -> Iterator[Supervisor]:
    url = f"{server.url}?namespace={tmp_path.name}"
    environment = {**os.environ, "JOBKIT_BACKEND": url, "NOTES": str(tmp_path / "notes"), "PYTHONPATH": str(tmp_path)}
    running = Supervisor(tmp_path, environment)
    yield running
    running.process.terminate()
    running.process.wait(timeout=60)


def enqueue(supervisor: Supervisor, server: Server, numbers: range) -> None:
    code = (
        "import deployed\n"
        f"for first in {numbers}[::1000]:\n"
        f"    some = {numbers}[first : first + 1000]\n"
        "    deployed.app.enqueue_many([deployed.step.call(n) for n in some])"
    )
    url = f"{server.url}?namespace={supervisor.folder.name}"
    environment = {**os.environ, "JOBKIT_BACKEND": url}
    subprocess.run([sys.executable, "-c", code], cwd=supervisor.folder, env=environment, check=True)


@pytest.mark.invariant
def test_a_rolling_deploy_loses_nothing_and_repeats_nothing(supervisor: Supervisor, server: Server) -> None:
    jobs = 6_000
    until(lambda: supervisor.ready(0) and supervisor.ready(1), "two workers are ready")
    before = {supervisor.pid(0), supervisor.pid(1)}
    enqueue(supervisor, server, range(jobs))
    until(lambda: len(supervisor.notes()) > 100, "work has begun")
    for number in (0, 1):
        assert "started" in supervisor.control("restart", f"worker:{number}")
        until(partial(supervisor.ready, number), "its successor is ready")
    after = {supervisor.pid(0), supervisor.pid(1)}
    assert len(supervisor.notes()) < jobs, "there was work all along"
    until(lambda: len({note[0] for note in supervisor.notes()}) == jobs, "all jobs are performed")
    notes = supervisor.notes()
    assert sorted(note[0] for note in notes) == list(range(jobs)), "each once"
    assert {note[1] for note in notes} == {1}, "and at no cost of an attempt"
    assert not before & after
    assert {note[2] for note in notes} <= before | after
    assert len({note[2] for note in notes} & after) == 2
    log = supervisor.log.read_text()
    assert len(re.findall(r"stopped: [01] \(exit status 0\)", log)) == 2, log
    assert "terminated by SIGKILL" not in log


@pytest.mark.invariant
def test_who_is_killed_is_started_again_and_its_jobs_are_performed(supervisor: Supervisor, server: Server) -> None:
    until(lambda: supervisor.ready(0) and supervisor.ready(1), "two workers are ready")
    enqueue(supervisor, server, range(400))
    until(lambda: len(supervisor.notes()) > 20, "work has begun")
    killed = supervisor.pid(0)
    os.kill(killed, signal.SIGKILL)
    until(lambda: supervisor.ready(0) and supervisor.pid(0) != killed, "another takes its place")
    until(lambda: len({note[0] for note in supervisor.notes()}) == 400, "all jobs are performed", seconds=120)


# A container.


def steps(containerfile: Path) -> list[tuple[str, str]]:
    text = re.sub(r"^#.*\n", "", containerfile.read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in text.splitlines() if line.strip()]


def test_the_steps_of_the_container_run_one_by_one(server: Server, tmp_path: Path) -> None:
    context, inside = tmp_path / "context", tmp_path / "srv"
    wheels = context / "wheels"
    wheels.mkdir(parents=True)
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(wheels), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    shutil.copytree(
        ROOT / "examples" / "shop", context / "shop", ignore=shutil.ignore_patterns("test_*", "__pycache__")
    )
    clean = {"PATH": os.defpath, "HOME": str(tmp_path), "LANG": "C.UTF-8"}
    clean |= {name: value for name, value in os.environ.items() if name.startswith("PIP_")}  # where packages are
    clean["PATH"] = f"{Path(sys.base_prefix) / 'bin'}:{clean['PATH']}"  # FROM python
    done: list[str] = []
    command, health = "", ""
    for kind, rest in steps(DEPLOY / "Containerfile"):
        done.append(kind)
        match kind:
            case "FROM":
                assert rest.startswith("docker.io/library/python:3.")
            case "WORKDIR":
                inside.mkdir()
            case "COPY":
                source, target = rest.split()
                shutil.copytree(context / source, inside / target)
            case "RUN":
                ended = subprocess.run(["/bin/sh", "-ec", rest], cwd=inside, env=clean, capture_output=True, text=True)
                assert ended.returncode == 0, f"{rest}\n{ended.stdout}{ended.stderr}"
            case "ENV":
                clean |= dict([rest.split("=", 1)])
            case "STOPSIGNAL":
                assert rest == "SIGTERM"
            case "HEALTHCHECK":
                health = rest.partition("CMD ")[2].replace("/tmp/", f"{tmp_path}/")  # noqa: S108 - as it stands there
            case _:
                command = rest.replace("/tmp/", f"{tmp_path}/")  # noqa: S108
    assert done.count("RUN") == 3
    words = [str(word) for word in json.loads(command)]
    clean["JOBKIT_BACKEND"] = f"{server.url}?namespace=container"
    worker = subprocess.Popen(words, cwd=inside, env=clean, stderr=subprocess.PIPE, text=True)
    try:
        until(lambda: subprocess.run(["/bin/sh", "-c", health], env=clean).returncode == 0, "it is healthy")
        assert worker.stderr is not None
        while '"message":"50 jobs at a time' not in (line := worker.stderr.readline()):
            assert line, "it has ended"
    finally:
        worker.terminate()
        _, log = worker.communicate(timeout=60)
    assert worker.returncode == 0, log
