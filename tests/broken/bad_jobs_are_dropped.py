"""A job that can't be read is gone, with no word to anybody (huey #815)."""

from __future__ import annotations

from typing import Any

from jobkit.backend import Delivery
from jobkit.errors import Undecodable
from jobkit.execute import perform as execution
from jobkit.execute.context import JobContext
from jobkit.execute.outcome import Outcome, Performed
from jobkit.execute.perform import Registry, RunSync
from tests.broken.patched import PatchedWorker

RULE = "W5"


perform = execution.perform


async def _drop_bad_ones(delivery: Delivery, context: JobContext, registry: Registry, plain: RunSync) -> Outcome:
    outcome = await perform(delivery, context, registry, plain)
    return Outcome(state=Performed.SKIPPED) if isinstance(outcome.error, Undecodable) else outcome


class Harness(PatchedWorker):
    def faults(self) -> dict[str, Any]:
        return {"jobkit.worker.executor.perform": _drop_bad_ones}
