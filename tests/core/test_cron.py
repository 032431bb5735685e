"""Cron lines in a time zone, about every change of clocks there is."""

from __future__ import annotations

import sys
from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

from jobkit.errors import ConfigurationError
from jobkit.schedule.cron import Cron, zone_of
from jobkit.schedule.triggers import due_ticks

BERLIN = ZoneInfo("Europe/Berlin")

CHANGES = {
    "Europe/Berlin": ("2018-03-25T01:00", "2018-10-28T01:00"),
    "America/New_York": ("2018-03-11T07:00", "2018-11-04T06:00"),
    "Australia/Lord_Howe": ("2018-03-31T15:00", "2018-10-06T15:30"),
    "Africa/Casablanca": ("2018-05-13T02:00", "2018-06-17T02:00"),
    "Pacific/Apia": ("2011-12-30T10:00", "2011-04-02T14:00"),
    "UTC": ("2018-03-25T01:00",),
}
"""Zones, and when their clocks were put forward or back: by an hour, by half of one, by a day."""

LINES = [
    *("*/15 * * * *", "0 * * * *", "5 */2 * * *", "* 2 * * 0"),
    *("30 2 * * *", "30 1-3 * * *", "0 0 * * *", "59 1 * * *", "15 2,3 * * *", "0 0 29 2 *", "0 12 L * *"),
]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def shown(ticks: list[datetime]) -> list[str]:
    return [tick.isoformat(timespec="minutes")[:16] for tick in ticks]


@pytest.mark.parametrize(
    ("line", "ticks"),
    [
        ("30 2 * * *", ["2024-03-30T01:30", "2024-03-31T01:30", "2024-04-01T00:30"]),  # left out, so at 3:30
        ("*/30 2 * * *", ["2024-03-30T01:00", "2024-03-30T01:30", "2024-04-01T00:00", "2024-04-01T00:30"]),
        ("0 */12 * * *", ["2024-03-30T11:00", "2024-03-30T23:00", "2024-03-31T10:00", "2024-03-31T22:00"]),
    ],
)
def test_clocks_are_put_forward(line: str, ticks: list[str]) -> None:
    found = due_ticks(Cron(line, BERLIN), utc("2024-03-30T00:00"), utc("2024-04-01T12:00"), "all")
    assert shown(found)[: len(ticks)] == ticks


@pytest.mark.parametrize(
    ("line", "ticks"),
    [
        ("30 2 * * *", ["2024-10-27T00:30", "2024-10-28T01:30"]),  # shown twice: the first time
        ("0 * * * *", ["2024-10-27T00:00", "2024-10-27T01:00", "2024-10-27T02:00", "2024-10-27T03:00"]),
        ("*/30 2 * * *", ["2024-10-27T00:00", "2024-10-27T00:30", "2024-10-27T01:00", "2024-10-27T01:30"]),
    ],
)
def test_clocks_are_put_back(line: str, ticks: list[str]) -> None:
    found = due_ticks(Cron(line, BERLIN), utc("2024-10-26T23:30"), utc("2024-10-28T12:00"), "all")
    assert shown(found)[: len(ticks)] == ticks


@cache
def twin(line: str, zone: str, change: datetime) -> list[datetime]:
    """Every tick of the days about a change, from a list of all that a clock shows."""
    cron = Cron(line, ZoneInfo(zone))
    shown = change.replace(tzinfo=None)
    end = shown + timedelta(days=4)
    walls = iter(CronSim(line, shown - timedelta(days=4)))
    ticks: set[datetime] = set()
    while (wall := next(walls)) < end:
        ticks |= cron._instants(wall)
    return sorted(ticks)


@settings(deadline=None)  # the twin's list is made once
@given(st.data())
def test_each_instant_has_one_answer_about_every_change(data: st.DataObject) -> None:
    zone = data.draw(st.sampled_from(sorted(CHANGES)))
    line = data.draw(st.sampled_from(LINES))
    change = utc(data.draw(st.sampled_from(CHANGES[zone])))
    instant = change + timedelta(seconds=data.draw(st.integers(-100_000, 100_000)))
    instant = instant.replace(
        second=data.draw(st.sampled_from((0, 0, 7))), microsecond=data.draw(st.sampled_from((0, 3)))
    )
    ticks = twin(line, zone, change)
    place = bisect_right(ticks, instant)
    cron = Cron(line, ZoneInfo(zone))
    if place < len(ticks):
        assert cron.after(instant) == ticks[place]
    if place:
        assert cron.until(instant) == ticks[place - 1]


@given(
    zone=st.sampled_from(sorted(CHANGES)),
    line=st.sampled_from(LINES),
    instant=st.datetimes(datetime(1990, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC)),
)
def test_ticks_follow_each_other(zone: str, line: str, instant: datetime) -> None:
    cron = Cron(line, ZoneInfo(zone))
    last, following = cron.until(instant), cron.after(instant)
    assert last <= instant < following
    assert cron.after(last) == following
    assert cron.until(following) == following


def test_nicknames() -> None:
    assert Cron("@daily", BERLIN).after(utc("2024-06-01T12:00")) == utc("2024-06-01T22:00")
    assert Cron(" @Hourly", BERLIN).after(utc("2024-06-01T12:10")) == utc("2024-06-01T13:00")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("* * * *", "cron='* * * *': a line has five fields, minute hour day month weekday, such as"),
        ("0 0 0 * * *", "a line has five fields"),
        ("@reboot", "a line has five fields, .* or is one of @hourly, @daily"),
        ("61 * * * *", "cron='61 \\* \\* \\* \\*': bad minute"),
        ("0 0 31 2 *", "bad day-of-month"),
        ("0 0 * * MO", "bad day-of-week"),
    ],
)
def test_what_is_no_line_is_refused(line: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message.replace("'* * * *'", r"'\* \* \* \*'")):
        Cron(line, BERLIN)


def test_zones_have_names() -> None:
    assert zone_of("Europe/Berlin") is BERLIN
    assert zone_of(BERLIN) is BERLIN
    for name in ("Europe/Berln", "", "../etc/passwd"):
        with pytest.raises(ConfigurationError, match="^no time zone "):
            zone_of(name)


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cronsim", None)
    with pytest.raises(
        ConfigurationError, match=r"cron lines need the package cronsim: pip install 'jobkit-core\[cron\]'"
    ):
        Cron("0 0 * * *", BERLIN)
