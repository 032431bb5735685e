"""An error of the store that nobody thought of ends what settles; jobs are performed, and none is settled any more."""

from __future__ import annotations

from typing import Any

from jobkit.backend import SettleOutcome
from jobkit.errors import InvalidArgument, Unsupported
from jobkit.worker.background_task import BackgroundTask
from jobkit.worker.settler import FinishedJob, Settler
from tests.broken.patched import PatchedWorker

RULE = "W9"

_settle_each = Settler._settle_each


async def _only_what_it_knows(
    settler: Settler, batch: list[FinishedJob], error: Exception
) -> list[tuple[FinishedJob, SettleOutcome]]:
    if not isinstance(error, (InvalidArgument, Unsupported)):
        raise error
    return await _settle_each(settler, batch, error)


async def _once(task: BackgroundTask) -> None:
    await task._body()


class Harness(PatchedWorker):
    def faults(self) -> dict[str, Any]:
        return {
            "jobkit.worker.settler.Settler._settle_each": _only_what_it_knows,
            "jobkit.worker.background_task.BackgroundTask._again_and_again": _once,
        }
