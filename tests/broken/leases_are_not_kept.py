"""Nobody extends the lease of a job that runs (taskiq-redis #101)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jobkit.worker.leases import LeaseKeeper
from tests.broken.patched import PatchedWorker

RULE = "W2"


def _hold_nothing(keeper: LeaseKeeper, tokens: Sequence[str], granted_at: float, limits: Mapping[str, float]) -> None:
    pass


class Harness(PatchedWorker):
    def faults(self) -> dict[str, Any]:
        return {"jobkit.worker.leases.LeaseKeeper.track": _hold_nothing}
