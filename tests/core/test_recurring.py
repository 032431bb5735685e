"""What recurs, as an app declares it."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import jobkit
from jobkit.errors import ConfigurationError, DeclarationError
from jobkit.schedule.cron import Cron
from jobkit.schedule.triggers import Daily, Every

NOON = datetime(2024, 6, 1, 12, tzinfo=UTC)


def test_a_job_recurs(app: jobkit.App) -> None:
    @app.recurring(cron="30 2 * * 1-5", zone="Europe/Berlin", missed="none")
    @app.job(name="report", queue="slow", priority=3)
    def report(shop: int = 7) -> None: ...

    assert isinstance(report, jobkit.Job)
    (found,) = app.schedules.values()
    assert (found.name, found.missed) == ("report", "none")
    assert found.schedule == Cron("30 2 * * 1-5", ZoneInfo("Europe/Berlin"))
    call = found.at(NOON)
    assert call.job is report
    assert (call.options.id, call.options.at) == ("report@2024-06-01T12:00:00.000+00:00", 1_717_243_200_000)


def test_a_call_recurs_with_its_arguments_and_options(app: jobkit.App) -> None:
    @app.job(name="report")
    def report(shop: int) -> None: ...

    app.queue("slow")
    app.recurring(report.using(queue="slow", priority=5, key="report").call(7), every=3600)
    app.recurring(report.call(8), every=timedelta(minutes=5), name="report of 8")
    seven, eight = app.schedules.values()
    call = seven.at(NOON)
    assert call.arguments == {"shop": 7}
    assert (call.options.queue, call.options.priority, call.options.key) == ("slow", 5, "report")
    assert seven.schedule == Every(timedelta(hours=1))
    assert eight.name == "report of 8"
    daily = Daily(time(2), ZoneInfo("UTC"))
    app.recurring(report.call(9), schedule=daily, name="report of 9")
    assert app.schedules["report of 9"].schedule is daily


def test_the_same_once_more_is_the_same(app: jobkit.App) -> None:
    @app.job(name="report")
    def report() -> None: ...

    app.recurring(report.call(), every=60)
    app.recurring(report.call(), every=60)
    with pytest.raises(ConfigurationError, match="two schedules are named 'report': give one of them another, name="):
        app.recurring(report.call(), every=61)
    assert len(app.schedules) == 1


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ({}, "has one of cron='30 2"),
        ({"cron": "0 0 * * *", "every": 60}, "has one of cron="),
        ({"every": 0.5}, "an interval is a timedelta of at least a second"),
        ({"every": "1h"}, "an interval is a timedelta"),
        ({"every": 60, "zone": "UTC"}, "zone= says whose clocks a cron line is about"),
        ({"cron": "0 0 * * *", "zone": "Berlin"}, "no time zone 'Berlin'"),
        ({"cron": "0 25 * * *"}, "bad hour"),
        ({"every": 60, "missed": "some"}, "missed is one of 'all', 'latest', 'none', not 'some'"),
        ({"every": 60, "name": "x" * 250}, "the name of a schedule is part of its jobs' ids"),
    ],
)
def test_what_can_not_be_meant_is_refused(app: jobkit.App, stated: dict[str, Any], message: str) -> None:
    @app.job(name="report")
    def report() -> None: ...

    with pytest.raises(ConfigurationError, match=message):
        app.recurring(report.call(), **stated)
    assert not app.schedules


@pytest.mark.parametrize(("option", "value"), [("id", "a"), ("at", NOON), ("delay", 3), ("remember", 3)])
def test_what_belongs_to_the_ticks_is_not_the_call_s(app: jobkit.App, option: str, value: Any) -> None:
    @app.job(name="report")
    def report() -> None: ...

    options: Any = {option: value}
    with pytest.raises(ConfigurationError, match=f"each tick has a time and an id of its own, so {option}= has no say"):
        app.recurring(report.using(**options).call(), every=60)


def test_arguments_that_are_missing_are_told(app: jobkit.App) -> None:
    def report(shop: int) -> None: ...

    declare: Any = app.recurring(every=60)
    with pytest.raises(DeclarationError, match=r"'shop': say which, app\.recurring\(report\.call\(\.\.\.\), \.\.\.\)$"):
        declare(app.job(name="report")(report))
    with pytest.raises(DeclarationError, match=r"stands above @app\.job"):
        declare(report)
