"""Each scheduler enqueues each tick as a job of its own (arq #196)."""

from __future__ import annotations

import os
from datetime import datetime
from typing import Any

from tests.broken.patched import PatchedWorker

RULE = "W11"


def _any_id(name: str, tick: datetime) -> str:
    return f"{name}@{tick.isoformat(timespec='milliseconds')} {os.urandom(4).hex()}"


class Harness(PatchedWorker):
    def faults(self) -> dict[str, Any]:
        return {"jobkit.schedule.recurring.id_of": _any_id}
