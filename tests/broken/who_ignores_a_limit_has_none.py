"""A job is cancelled at its limit, and if it goes on it goes on."""

from __future__ import annotations

from typing import Any

from jobkit.worker.executor import Jobs
from jobkit.worker.running_job import Running
from tests.broken.patched import PatchedWorker

RULE = "W13"


def _wait_for_it(jobs: Jobs, running: Running) -> None:
    pass


class Harness(PatchedWorker):
    def faults(self) -> dict[str, Any]:
        return {"jobkit.worker.executor.Jobs._overrun": _wait_for_it}
