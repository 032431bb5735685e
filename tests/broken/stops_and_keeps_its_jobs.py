"""What does not end within the grace is left to its lease (pgqueuer #630)."""

from __future__ import annotations

from typing import Any

from jobkit.worker.executor import Jobs
from tests.broken.patched import PatchedWorker

RULE = "W7"


async def _leave_them(jobs: Jobs) -> None:
    jobs._running.clear()


class Harness(PatchedWorker):
    def faults(self) -> dict[str, Any]:
        return {"jobkit.worker.executor.Jobs._interrupt": _leave_them}
