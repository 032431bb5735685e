"""A thread whose job has failed at its limit is forgotten, and its slot is free for another that hangs."""

from __future__ import annotations

from typing import Any

from jobkit.worker.executor import Executor
from jobkit.worker.running_job import RunningJob
from tests.broken.patched import PatchedWorker

RULE = "W8"


def _free_at_once(jobs: Executor, running: RunningJob) -> None:
    jobs._slots.give_back()


class Harness(PatchedWorker):
    def faults(self) -> dict[str, Any]:
        return {"jobkit.worker.executor.Executor._free_slot": _free_at_once}
