"""A lease is kept for as long as its job runs, also past its limit: one that hangs is nobody else's, ever."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jobkit.worker.keeper import Keeper
from tests.broken.patched import PatchedWorker

RULE = "W2"

_hold = Keeper.hold


def _hold_for_ever(keeper: Keeper, tokens: Sequence[str], granted_at: float, limits: Mapping[str, float]) -> None:
    _hold(keeper, tokens, granted_at)


class Harness(PatchedWorker):
    def faults(self) -> dict[str, Any]:
        return {"jobkit.worker.keeper.Keeper.hold": _hold_for_ever}
