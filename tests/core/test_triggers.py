"""When something recurs."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobkit.errors import ConfigurationError
from jobkit.schedule.triggers import MOST, Daily, Every, due_ticks

ZONES = [
    *("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Sao_Paulo"),
    *("Pacific/Apia", "Africa/Casablanca", "Antarctica/Troll", "Asia/Pyongyang"),
]
INSTANTS = st.datetimes(datetime(1990, 1, 1), datetime(2037, 12, 1), timezones=st.just(UTC))
TIMES = st.builds(time, st.integers(0, 23), st.integers(0, 59))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_an_interval_is_counted_from_the_epoch() -> None:
    every = Every(timedelta(minutes=20))
    assert every.after(utc("2024-01-01T10:05")) == utc("2024-01-01T10:20")
    assert every.after(utc("2024-01-01T10:20")) == utc("2024-01-01T10:40")
    assert every.until(utc("2024-01-01T10:20")) == utc("2024-01-01T10:20")
    assert every.until(utc("2024-01-01T10:19")) == utc("2024-01-01T10:00")


@pytest.mark.parametrize("interval", [timedelta(0), timedelta(milliseconds=999), 60, -timedelta(days=1)])
def test_what_is_no_interval_is_refused(interval: Any) -> None:
    with pytest.raises(ConfigurationError, match="an interval is a timedelta of at least a second"):
        Every(interval)


def test_a_time_of_day_has_no_zone_of_its_own() -> None:
    with pytest.raises(ConfigurationError, match="has no zone of its own"):
        Daily(time(3, tzinfo=UTC), ZoneInfo("Europe/Berlin"))


@given(zone=st.sampled_from(ZONES), at=TIMES, instant=INSTANTS)
def test_ticks_follow_each_other(zone: str, at: time, instant: datetime) -> None:
    daily = Daily(at, ZoneInfo(zone))
    last, following = daily.until(instant), daily.after(instant)
    assert last <= instant < following
    assert daily.after(last) == following
    assert daily.until(following) == following
    assert timedelta(hours=20) <= following - last <= timedelta(hours=28)


@given(zone=st.sampled_from(ZONES), at=TIMES, begin=INSTANTS)
def test_each_day_of_a_zone_has_one_tick(zone: str, at: time, begin: datetime) -> None:
    daily, here = Daily(at, ZoneInfo(zone)), ZoneInfo(zone)
    ticks = due_ticks(daily, begin, begin + timedelta(days=40), "all")
    days = [tick.astimezone(here).date() for tick in ticks]
    assert len(set(days)) == len(days)
    for tick, day in zip(ticks, days, strict=True):
        shown = tick.astimezone(here)
        assert shown.time() == at or shown.replace(tzinfo=None) > datetime.combine(day, at), (
            "as late as clocks went forward"
        )


def test_a_day_that_a_zone_left_out_has_none() -> None:
    daily = Daily(time(12), ZoneInfo("Pacific/Apia"))
    here = [
        tick.astimezone(ZoneInfo("Pacific/Apia")).day
        for tick in due_ticks(daily, utc("2011-12-28"), utc("2012-01-02"), "all")
    ]
    assert here == [28, 29, 31, 1, 2]


def test_the_zone_of_who_asks_does_not_matter() -> None:
    daily, instant = Daily(time(12), ZoneInfo("Europe/Berlin")), utc("2024-06-01T23:00")
    elsewhere = instant.astimezone(timezone(timedelta(hours=-9)))
    assert daily.after(elsewhere) == daily.after(instant) == utc("2024-06-02T10:00")


MINUTELY = Every(timedelta(minutes=1))


def test_what_is_due_comes_after_the_last_and_not_after_now() -> None:
    assert due_ticks(MINUTELY, utc("2024-01-01T10:00"), utc("2024-01-01T10:02"), "all") == [
        utc("2024-01-01T10:01"),
        utc("2024-01-01T10:02"),
    ]
    assert due_ticks(MINUTELY, utc("2024-01-01T10:02"), utc("2024-01-01T10:02"), "all") == []
    assert due_ticks(MINUTELY, utc("2024-01-01T10:02"), utc("2024-01-01T10:02"), "latest") == []


def test_what_was_missed_is_all_of_it_or_the_latest() -> None:
    last, now = utc("2024-01-01T10:00"), utc("2024-01-03T10:00")
    some = due_ticks(MINUTELY, last, now, "all")
    assert (len(some), some[0], some[-1]) == (MOST, last + timedelta(minutes=1), last + timedelta(minutes=MOST))
    assert due_ticks(MINUTELY, last, now, "latest") == [now]


def test_a_tick_that_is_late_was_missed_where_none_is_wanted() -> None:
    every, last = Every(timedelta(minutes=5)), utc("2024-01-01T10:00")
    assert due_ticks(every, last, utc("2024-01-01T10:05:30"), "none") == [utc("2024-01-01T10:05")]
    assert due_ticks(every, last, utc("2024-01-01T10:07"), "none") == []
    assert due_ticks(every, last, utc("2024-01-01T10:20:30"), "none") == [utc("2024-01-01T10:20")]
    assert due_ticks(every, utc("2024-01-01T10:05"), utc("2024-01-01T10:05:30"), "none") == []
