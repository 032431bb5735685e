"""What the keeper learns of a lease is told to nobody."""

from __future__ import annotations

from typing import Any

from jobkit.worker.executor import Jobs
from jobkit.worker.leases import News
from tests.broken.patched import PatchedWorker

RULE = "W3"


def _tell_nobody(jobs: Jobs, token: str, news: News) -> None:
    pass


class Harness(PatchedWorker):
    def faults(self) -> dict[str, Any]:
        return {"jobkit.worker.executor.Jobs._tell": _tell_nobody}
