"""Letting time pass: from due time to due time, performing on the way."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias

from pytest_jobkit.endless_jobs import too_many_jobs
from pytest_jobkit.performing.performer import Performer, Result
from pytest_jobkit.performing.recurring import RecurringJobs
from pytest_jobkit.performing.selection import ALL

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jobkit.app import App
    from pytest_jobkit.case import Case

Apps: TypeAlias = "App | Iterable[App] | None"

INSTANTS = 10_000
"""How many due times one walk meets before it takes the jobs for endless."""


def duration_of(now: datetime, by: timedelta | None, to: datetime | None, *parts: float) -> int:
    """How far to go, in milliseconds."""
    weeks, days, hours, minutes, seconds, milliseconds = parts
    further = timedelta(
        weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds, milliseconds=milliseconds
    )
    total = (by or timedelta()) + further
    if to is not None:
        total = _until(to, now, total)
    elif total <= timedelta():
        raise ValueError(f"time goes forward: say how far, as in jobs.advance(hours=1), not {total}")
    return round(total / timedelta(milliseconds=1))


def _until(to: datetime, now: datetime, further: timedelta) -> timedelta:
    if further:
        raise ValueError(f"say until when or how far, not both: jobs.advance(to=...) or {further}")
    if to.utcoffset() is None:
        raise ValueError(f"jobs.advance(to=...) takes an instant: give {to} its zone, as in tzinfo=timezone.utc")
    if to <= now:
        raise ValueError(f"time goes forward: {to} is {now - to} before jobs.now, which is {now}")
    return to - now


async def advance(case: Case, performer: Performer, milliseconds: int, limit: int, recurring: Apps = None) -> Result:
    """Perform what is due now, then at each due time on the way, then at the end; what recurs is enqueued on it."""
    ticking = RecurringJobs(recurring, case.clock.now_ms())
    end = case.clock.now_ms() + milliseconds
    walked = Result()
    for _ in range(INSTANTS):
        result = await performer.until_idle(ALL, limit, "jobs.advance()", until=end)
        walked.outcomes += result.outcomes
        walked.error = result.error
        now = case.clock.now_ms()
        if walked.error is not None or now == end:
            return walked
        stops = [stop for stop in (case.tape.next_due(), ticking.next_ms()) if stop is not None]
        case.clock.move(min([*stops, end]) - now)
        await ticking.enqueue(case.clock.now_ms())
    walked.error = too_many_jobs(
        [each.entry.origin for each in walked.outcomes], len(walked.outcomes), "jobs.advance()"
    )
    return walked
