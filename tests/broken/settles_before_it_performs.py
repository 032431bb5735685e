"""A job is settled as done before it is performed (celery with early acks)."""

from __future__ import annotations

import asyncio
from typing import Any

from jobkit.backend import Done
from jobkit.worker.executor import Executor
from jobkit.worker.running_job import RunningJob
from tests.broken.patched import PatchedWorker

RULE = "W1"


perform = Executor._perform


async def settles_first(jobs: Executor, running: RunningJob) -> None:
    await jobs._backend.settle([Done(running.delivery.token)])
    await asyncio.sleep(0)
    await perform(jobs, running)


class Harness(PatchedWorker):
    def faults(self) -> dict[str, Any]:
        return {"jobkit.worker.executor.Executor._perform": settles_first}
