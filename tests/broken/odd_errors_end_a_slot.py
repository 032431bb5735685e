"""What is no Exception ends the task of its job, and nobody notices (huey #281)."""

from __future__ import annotations

from typing import Any

from jobkit.execute import perform
from jobkit.worker.executor import Executor
from jobkit.worker.running_job import RunningJob
from tests.broken.patched import PatchedWorker

RULE = "W6"


async def _only_exceptions(jobs: Executor, running: RunningJob) -> None:
    plain = jobs._in_thread(running)
    outcome = await perform.perform(running.delivery, running.context, jobs._registry, plain)
    if outcome.error is None or isinstance(outcome.error, Exception):
        jobs._end(running, outcome)


class Harness(PatchedWorker):
    def faults(self) -> dict[str, Any]:
        return {"jobkit.worker.executor.Executor._perform": _only_exceptions}
