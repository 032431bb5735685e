"""A tick is known for as long as its job lives: who comes late enqueues it again (taskiq #244)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.broken.patched import PatchedWorker

RULE = "W11"


class Harness(PatchedWorker):
    def faults(self) -> dict[str, Any]:
        return {"jobkit.schedule.recurring.REMEMBER": timedelta(0)}
