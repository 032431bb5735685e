"""A job is cancelled at its limit, and if it goes on it goes on."""

from __future__ import annotations

from typing import Any

from jobkit.worker.executor import Executor
from jobkit.worker.running_job import RunningJob
from tests.broken.patched import PatchedWorker

RULE = "W13"


def _wait_for_it(jobs: Executor, running: RunningJob) -> None:
    pass


class Harness(PatchedWorker):
    def faults(self) -> dict[str, Any]:
        return {"jobkit.worker.executor.Executor._overrun": _wait_for_it}
