"""What does not end within the grace is left to its lease (pgqueuer #630)."""

from __future__ import annotations

from typing import Any

from jobkit.worker.executor import Executor
from tests.broken.patched import PatchedWorker

RULE = "W7"


async def _leave_them(jobs: Executor) -> None:
    jobs._running.clear()


class Harness(PatchedWorker):
    def faults(self) -> dict[str, Any]:
        return {"jobkit.worker.executor.Executor._interrupt": _leave_them}
