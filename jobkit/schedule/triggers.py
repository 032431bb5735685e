"""When something recurs: pure functions of a schedule and an instant. Whoever asks gets the same answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from itertools import islice
from typing import Final, Literal, Protocol, TypeAlias
from zoneinfo import ZoneInfo

from msgspec import Struct

from jobkit.errors import ConfigurationError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Missed: TypeAlias = Literal["all", "latest", "none"]
"""Of the ticks that nobody was there for: each of them, the latest one, or none that is more than `LATE`."""

POLICIES: Final[tuple[Missed, ...]] = ("all", "latest", "none")

LATE: Final = timedelta(minutes=1)
"""A tick that is enqueued within this was not missed: schedulers look at least every half minute."""

MOST = 100
"""Ticks that are due at once, of those that were missed."""


class Schedule(Protocol):
    """Instants without end, in both directions; all of them in UTC."""

    def after(self, instant: datetime) -> datetime:
        """The first tick later than this."""
        ...

    def until(self, instant: datetime) -> datetime:
        """The last tick that is not later than this."""
        ...


class Every(Struct, frozen=True):
    """A tick each ``interval``, counted from 1970 on and not from when somebody began: every hour is on the hour."""

    interval: timedelta

    def __post_init__(self) -> None:
        if not isinstance(self.interval, timedelta) or self.interval < timedelta(seconds=1):
            raise ConfigurationError(f"an interval is a timedelta of at least a second, not {self.interval!r}")

    def after(self, instant: datetime) -> datetime:
        return self.until(instant) + self.interval

    def until(self, instant: datetime) -> datetime:
        return EPOCH + (instant - EPOCH) // self.interval * self.interval


class Daily(Struct, frozen=True):
    """A tick each day when the clocks of a zone show ``at``.

    Where they are put forward beyond that time, it is as much later; where they show it twice, it is the first time.
    """

    at: time
    zone: ZoneInfo

    def __post_init__(self) -> None:
        if self.at.tzinfo is not None:
            raise ConfigurationError("the time of a day has no zone of its own: Daily(time(3, 30), ZoneInfo(...))")

    def after(self, instant: datetime) -> datetime:
        return next(tick for tick in self._around(instant) if tick > instant)

    def until(self, instant: datetime) -> datetime:
        return [tick for tick in self._around(instant) if tick <= instant][-1]

    def _around(self, instant: datetime) -> list[datetime]:
        """The ticks of the days about an instant, in order. A zone may have left out a whole day, or had one twice."""
        today = instant.astimezone(self.zone).date()
        days = [today + timedelta(days=number) for number in range(-2, 4)]
        return sorted({datetime.combine(day, self.at, self.zone).astimezone(UTC) for day in days})


def due_ticks(schedule: Schedule, last: datetime, now: datetime, missed: Missed) -> list[datetime]:
    """The ticks after ``last`` and not after ``now``, in order; the first `MOST` of them, or the latest, or none."""
    if missed != "all":
        latest = schedule.until(now)
        over = missed == "none" and now - latest > LATE
        return [latest] if latest > last and not over else []
    return list(islice(_between(schedule, last, now), MOST))


def _between(schedule: Schedule, last: datetime, now: datetime) -> Iterator[datetime]:
    tick = schedule.after(last)
    while tick <= now:
        yield tick
        tick = schedule.after(tick)
