"""A backoff grows before it is capped, and overflows (procrastinate #1462, celery 5.7.0)."""

from __future__ import annotations

from typing import Any

from jobkit.retry import Backoff
from tests.broken.patched import PatchedWorker

RULE = "W10"


def _grow_first(backoff: Backoff, attempt: int, seed: str) -> float:
    return min(backoff.grow(attempt), backoff.cap)


class Harness(PatchedWorker):
    def faults(self) -> dict[str, Any]:
        return {"jobkit.retry.Backoff.seconds": _grow_first}
