"""What was enqueued last is written down before it is enqueued: who is lost in between loses a tick."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from jobkit.backend import Backend
from jobkit.enqueue.receipt import Receipt
from jobkit.schedule.recurring import Recurring
from jobkit.worker import scheduler
from jobkit.worker.scheduler import Scheduler
from tests.broken.patched import PatchedWorker

RULE = "W11"


async def _cell_first(
    self: Scheduler, recurring: Recurring, ticks: Sequence[datetime], backend: Backend, cell: str, version: int
) -> list[Receipt]:
    if await backend.cell_set(cell, scheduler._written(ticks[-1]), version) is None:
        return []
    return await self._app.aenqueue_many([recurring.at(tick) for tick in ticks])


class Harness(PatchedWorker):
    def faults(self) -> dict[str, Any]:
        return {"jobkit.worker.scheduler.Scheduler._enqueue": _cell_first}
