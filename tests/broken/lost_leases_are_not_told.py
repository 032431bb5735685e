"""What the keeper learns of a lease is told to nobody."""

from __future__ import annotations

from typing import Any

from jobkit.worker.jobs import Jobs
from jobkit.worker.keeper import News
from tests.broken.patched import PatchedWorker

RULE = "W3"


def _tell_nobody(jobs: Jobs, token: str, news: News) -> None:
    pass


class Harness(PatchedWorker):
    def faults(self) -> dict[str, Any]:
        return {"jobkit.worker.jobs.Jobs._tell": _tell_nobody}
