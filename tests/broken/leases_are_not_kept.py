"""Nobody extends the lease of a job that runs (taskiq-redis #101)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jobkit.worker.leases import Keeper
from tests.broken.patched import PatchedWorker

RULE = "W2"


def _hold_nothing(keeper: Keeper, tokens: Sequence[str], granted_at: float, limits: Mapping[str, float]) -> None:
    pass


class Harness(PatchedWorker):
    def faults(self) -> dict[str, Any]:
        return {"jobkit.worker.leases.Keeper.hold": _hold_nothing}
