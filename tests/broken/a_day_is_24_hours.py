"""The next tick of a day is the last one and 24 hours, whatever the clocks show (celery #1604)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from jobkit.schedule.triggers import Daily
from tests.broken.patched import PatchedWorker

RULE = "W11"

_after = Daily.after


def _a_day_later(daily: Daily, instant: datetime) -> datetime:
    tick = _after(daily, instant - timedelta(days=1))
    return tick + timedelta(days=1)


class Harness(PatchedWorker):
    def faults(self) -> dict[str, Any]:
        return {"jobkit.schedule.triggers.Daily.after": _a_day_later}
