"""What recurs, on the way through virtual time: each tick enqueues its job, as a worker's scheduler would."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from jobkit.app import App
from jobkit.jobs.call import EPOCH

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jobkit.schedule.recurring import Recurring


class RecurringJobs:
    """The schedules of these apps, from an instant on. Nothing recurs in a test that names no app."""

    def __init__(self, apps: App | Iterable[App] | None, now_ms: int) -> None:
        several = [apps] if isinstance(apps, App) else list(apps or ())
        for app in several:
            if not isinstance(app, App):
                raise TypeError(f"recurring takes the app whose schedules are due, or a list of them, not {app!r}")
        self._next: list[tuple[datetime, Recurring, App]] = [
            (each.schedule.after(_instant(now_ms)), each, app) for app in several for each in app.schedules.values()
        ]

    def next_ms(self) -> int | None:
        """When the next tick is."""
        ticks = [tick for tick, _, _ in self._next]
        return -((EPOCH - min(ticks)) // timedelta(milliseconds=1)) if ticks else None

    async def enqueue(self, now_ms: int) -> None:
        """Enqueue what ticks by now, on the running loop."""
        now = _instant(now_ms)
        for place, (tick, recurring, app) in enumerate(self._next):
            if tick <= now:
                await app.aenqueue_many([recurring.at(tick)])
                self._next[place] = recurring.schedule.after(tick), recurring, app


def _instant(milliseconds: int) -> datetime:
    return EPOCH + timedelta(milliseconds=milliseconds)
