"""A lease is kept for as long as its job runs, also past its limit: one that hangs is nobody else's, ever."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jobkit.worker.leases import LeaseKeeper
from tests.broken.patched import PatchedWorker

RULE = "W2"

_hold = LeaseKeeper.track


def _hold_for_ever(keeper: LeaseKeeper, tokens: Sequence[str], granted_at: float, limits: Mapping[str, float]) -> None:
    _hold(keeper, tokens, granted_at)


def _begin_for_ever(keeper: LeaseKeeper, token: str, limit: float) -> None:
    """No limit is known from the start either."""


class Harness(PatchedWorker):
    def faults(self) -> dict[str, Any]:
        keeper = "jobkit.worker.leases.LeaseKeeper"
        return {f"{keeper}.track": _hold_for_ever, f"{keeper}.job_started": _begin_for_ever}
