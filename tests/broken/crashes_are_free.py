"""Only errors count towards the limit of a job, and crashes do not (dramatiq #213)."""

from __future__ import annotations

from typing import Any

from msgspec import structs

from jobkit.backend import Delivery
from jobkit.execute import perform as execution
from jobkit.execute.context import JobContext
from jobkit.execute.outcome import Outcome
from jobkit.execute.perform import Registry, RunSync
from tests.broken.patched import PatchedWorker

RULE = "W4"


perform = execution.perform


async def _in_good_faith(delivery: Delivery, context: JobContext, registry: Registry, plain: RunSync) -> Outcome:
    return await perform(structs.replace(delivery, attempt=1), context, registry, plain)


class Harness(PatchedWorker):
    def faults(self) -> dict[str, Any]:
        return {"jobkit.worker.executor.perform": _in_good_faith}
