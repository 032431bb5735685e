"""A worker has few threads, and takes as many plain functions as it has slots."""

from __future__ import annotations

from typing import Any

from jobkit.worker import Worker
from tests.broken.patched import PatchedWorker

RULE = "W8"


def _no_pools(worker: Worker) -> dict[str, int]:
    return {}


class Harness(PatchedWorker):
    def faults(self) -> dict[str, Any]:
        return {"jobkit.worker.worker.Worker._pools": _no_pools}
