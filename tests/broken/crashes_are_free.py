"""Only errors count towards the limit of a job, and crashes do not (dramatiq #213)."""

from __future__ import annotations

from typing import Any

from msgspec import structs

from jobkit import execution
from jobkit.backend import Delivery
from jobkit.context import JobContext
from jobkit.execution import Plain, Registry
from jobkit.outcome import Outcome
from tests.broken.patched import PatchedWorker

RULE = "W4"


perform = execution.perform


async def _in_good_faith(delivery: Delivery, context: JobContext, registry: Registry, plain: Plain) -> Outcome:
    return await perform(structs.replace(delivery, attempt=1), context, registry, plain)


class Harness(PatchedWorker):
    def faults(self) -> dict[str, Any]:
        return {"jobkit.worker.jobs.perform": _in_good_faith}
