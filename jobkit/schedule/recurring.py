"""A call that is enqueued again and again: at each tick of a schedule, once, whoever does it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import UNSET, Struct, structs

from jobkit.errors import ConfigurationError, InvalidArgument
from jobkit.jobs.call import Call, options
from jobkit.schedule.cron import Cron, zone_of
from jobkit.schedule.triggers import EPOCH, POLICIES, Every, Missed, Schedule
from jobkit.validation import check_name

REMEMBER: Final = timedelta(days=1)
"""How long a tick's id stays known after its job's end: no scheduler is held up for longer between two calls."""


class Recurring(Struct, frozen=True):
    """A call that is enqueued at each tick of a schedule. ``name``: who changes it begins a new schedule."""

    name: str
    call: Call
    schedule: Schedule
    missed: Missed = "latest"

    def at(self, tick: datetime) -> Call:
        """The call of one tick, due at it. The same tick has the same id, whoever enqueues it."""
        stated = options(id=id_of(self.name, tick), at=tick, remember=REMEMBER)
        return structs.replace(self.call, options=self.call.options.merged(stated))


def id_of(name: str, tick: datetime) -> str:
    """``report@2024-03-31T01:30:00.000+00:00``"""
    return f"{name}@{tick.isoformat(timespec='milliseconds')}"


def recurring(
    call: Call,
    *,
    name: str | None = None,
    cron: str | None = None,
    every: float | timedelta | None = None,
    zone: str | ZoneInfo | None = None,
    schedule: Schedule | None = None,
    missed: Missed = "latest",
) -> Recurring:
    """What recurs as a user states it; `ConfigurationError` for what can't be meant."""
    if missed not in POLICIES:
        raise ConfigurationError(f"missed is one of {', '.join(map(repr, POLICIES))}, not {missed!r}")
    stated = [each for each in ("at", "after", "id", "remember") if getattr(call.options, each) is not UNSET]
    if stated:
        given = {"after": "delay"}.get(stated[0], stated[0])
        raise ConfigurationError(f"{call.job.name}: each tick has a time and an id of its own, so {given}= has no say")
    named: str = name or call.job.name
    try:
        check_name("id", id_of(named, EPOCH))
    except InvalidArgument as error:
        raise ConfigurationError(f"the name of a schedule is part of its jobs' ids: {error}") from None
    return Recurring(named, call, _schedule(cron, every, zone, schedule), missed)


def _schedule(
    cron: str | None, every: float | timedelta | None, zone: str | ZoneInfo | None, schedule: Schedule | None
) -> Schedule:
    given = [each for each in (cron, every, schedule) if each is not None]
    if len(given) != 1:
        raise ConfigurationError("what recurs has one of cron='30 2 * * *', every=timedelta(minutes=5) or schedule=")
    if zone is not None and cron is None:
        raise ConfigurationError("zone= says whose clocks a cron line is about; an interval is the same everywhere")
    if cron is not None:
        return Cron(cron, zone_of(zone or "UTC"))
    if schedule is not None:
        return schedule
    if isinstance(every, (int, float)) and not isinstance(every, bool):
        every = timedelta(seconds=every)
    return Every(every)  # type: ignore[arg-type]  # refuses what is no timedelta
