"""What the keeper learns of a lease is told to nobody."""

from __future__ import annotations

from typing import Any

from jobkit.worker.executor import Executor
from jobkit.worker.leases import LeaseEvent
from tests.broken.patched import PatchedWorker

RULE = "W3"


def _tell_nobody(jobs: Executor, token: str, news: LeaseEvent) -> None:
    pass


class Harness(PatchedWorker):
    def faults(self) -> dict[str, Any]:
        return {"jobkit.worker.executor.Executor._tell": _tell_nobody}
