"""Kills a worker again and again while it performs the shop's jobs, and checks what became of them.

    python tests/long/kill_loop.py --jobs 10000 --kills 10

One process enqueues, one works and is started again by a loop whenever it is killed (SIGKILL). Afterwards the journal
that the jobs wrote says whether every job was performed, and whether any was performed while another worker held it.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from jobkit.backends.redis.server import Server

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
PATIENCE = 240.0
"""Seconds for everything."""


@dataclass
class Execution:
    """One start of a job; it ended, or was ended with its process."""

    id: str
    attempt: int
    pid: int
    start: float
    end: float | None = None


@dataclass
class Worker:
    """A worker under a loop that starts it again; killed on request."""

    environment: Mapping[str, str]
    lease: float
    deaths: dict[int, float] = field(default_factory=dict)
    """When each process was dead for certain."""
    stopping: bool = False

    def __post_init__(self) -> None:
        self.process = self._start()
        self.loop = threading.Thread(target=self._keep, daemon=True)
        self.loop.start()

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "jobkit", "worker", "shop.jobs:app", "--lease", str(self.lease)]
        return subprocess.Popen([*command, "--log-level", "warning"], cwd=EXAMPLES, env=self.environment)

    def _keep(self) -> None:
        while not self.stopping:
            process = self.process
            process.wait()
            self.deaths[process.pid] = time.monotonic()
            if not self.stopping:
                self.process = self._start()

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)

    def abandon(self) -> None:
        """Leave nothing behind, whatever went wrong."""
        self.stopping = True
        self.process.kill()

    def stop(self) -> int:
        self.stopping = True
        self.process.send_signal(signal.SIGTERM)
        self.loop.join(timeout=40)
        return self.process.returncode


def run(jobs: int, kills: int, lease: float) -> int:
    server = Server.start()
    with tempfile.TemporaryDirectory() as folder:
        journal = Path(folder, "journal")
        journal.touch()
        environment = {**os.environ, "JOBKIT_BACKEND": server.url, "SHOP_JOURNAL": str(journal)}
        environment["PYTHONPATH"] = str(EXAMPLES)
        begun = time.monotonic()
        worker = Worker(environment, lease)
        try:
            accepted = Path(folder, "accepted")
            with accepted.open("w") as ids_file:
                command = [sys.executable, str(ROOT / "tests/long/produce.py"), str(jobs)]
                producer = subprocess.Popen(command, env=environment, stdout=ids_file)
            for number in range(1, kills + 1):
                _await_lines(journal, number * 2 * jobs // (kills + 2))
                worker.kill()
            producer.wait(timeout=PATIENCE)
            ids = set(accepted.read_text().split())
            _await_ends(journal, ids)
            code = worker.stop()
            executions = read(journal, worker.deaths)
            problems = check(ids, jobs, executions, worker.deaths, kills)
            problems += [f"the worker ended with exit code {code}"] if code else []
        finally:
            worker.abandon()
            server.stop()
    started = len(executions)
    print(f"{jobs} jobs, {kills} kills: {started} starts in {time.monotonic() - begun:.1f} s, {started - jobs} again")
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def read(journal: Path, deaths: Mapping[int, float]) -> list[Execution]:
    executions: dict[tuple[str, int, int], Execution] = {}
    for line in journal.read_text().splitlines():
        note = json.loads(line)
        key = note["id"], note["attempt"], note["pid"]
        if note["what"] == "start":
            executions[key] = Execution(*key, start=note["at"])
        else:
            executions[key].end = note["at"]
    return list(executions.values())


def check(ids: set[str], jobs: int, executions: list[Execution], deaths: Mapping[int, float], kills: int) -> list[str]:
    """What is wrong: nothing may be lost, and nothing performed while another worker held it."""
    problems = [] if len(ids) == jobs else [f"{len(ids)} jobs were accepted, not {jobs}"]
    problems += [] if len(deaths) >= kills else [f"{len(deaths)} workers died, not {kills}"]
    by_job: dict[str, list[Execution]] = defaultdict(list)
    for execution in executions:
        by_job[execution.id].append(execution)
    lost = [id for id in ids if not any(execution.end is not None for execution in by_job[id])]
    problems += [f"{len(lost)} jobs were never performed to their end, such as {lost[0]}"] if lost else []
    for id, starts in by_job.items():
        starts.sort(key=lambda execution: execution.start)
        for one, next_one in pairwise(starts):
            held_until = one.end if one.end is not None else deaths.get(one.pid, float("inf"))
            if next_one.start < held_until:
                problems.append(
                    f"{id} was started again {held_until - next_one.start:.3f} s before {one.pid} let go of it"
                )
    return problems


def _await_lines(journal: Path, count: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while journal.read_bytes().count(b"\n") < count:
        if time.monotonic() > deadline:
            raise TimeoutError(f"the journal has not grown to {count} lines")
        time.sleep(0.02)


def _await_ends(journal: Path, ids: set[str]) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        notes = [json.loads(line) for line in journal.read_text().splitlines() if line.endswith("}")]
        if ids <= {note["id"] for note in notes if note["what"] == "end"}:
            return
        if time.monotonic() > deadline:
            return  # the check says what is missing
        time.sleep(0.2)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--lease", type=float, default=2.0)
    options = parser.parse_args()
    return run(options.jobs, options.kills, options.lease)


if __name__ == "__main__":
    sys.exit(main())
