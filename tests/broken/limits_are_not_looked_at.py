"""A limit is declared, and nobody counts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from tests.broken.patched import PatchedWorker

RULE = "W13"


async def _as_long_as_it_takes(seconds: float | None, call: Callable[[], Awaitable[Any]]) -> Any:
    return await call()


def _none(deliveries: object, registry: object) -> dict[str, float]:
    return {}


class Harness(PatchedWorker):
    def faults(self) -> dict[str, Any]:
        return {
            "jobkit.execute.perform.run_with_limit": _as_long_as_it_takes,
            "jobkit.worker.executor.limits_of": _none,
        }
