"""A lease is kept for as long as its job runs, also past its limit: one that hangs is nobody else's, ever."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jobkit.worker.leases import Keeper
from tests.broken.patched import PatchedWorker

RULE = "W2"

_hold = Keeper.hold


def _hold_for_ever(keeper: Keeper, tokens: Sequence[str], granted_at: float, limits: Mapping[str, float]) -> None:
    _hold(keeper, tokens, granted_at)


def _begin_for_ever(keeper: Keeper, token: str, limit: float) -> None:
    """No limit is known from the start either."""


class Harness(PatchedWorker):
    def faults(self) -> dict[str, Any]:
        keeper = "jobkit.worker.leases.Keeper"
        return {f"{keeper}.hold": _hold_for_ever, f"{keeper}.begin": _begin_for_ever}
