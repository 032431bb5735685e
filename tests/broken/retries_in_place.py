"""A job that fails is tried again at once where it is, a few times, and nobody counts that."""

from __future__ import annotations

from typing import Any

from jobkit.backend import Delivery
from jobkit.execute import perform as execution
from jobkit.execute.context import JobContext
from jobkit.execute.outcome import Outcome, Performed
from jobkit.execute.perform import Registry, RunSync
from tests.broken.on_a_server import ServerWorker

RULE = "W4"
TIER = "wire"
TRIES = 4

perform = execution.perform


async def _a_few_times(delivery: Delivery, context: JobContext, registry: Registry, plain: RunSync) -> Outcome:
    for _ in range(TRIES - 1):
        outcome = await perform(delivery, context, registry, plain)
        if outcome.state is not Performed.RETRYING:
            return outcome
    return await perform(delivery, context, registry, plain)


class Harness(ServerWorker):
    def faults(self) -> dict[str, Any]:
        return {"jobkit.worker.executor.perform": _a_few_times}
