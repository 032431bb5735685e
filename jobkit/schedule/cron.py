"""Cron lines in a time zone: what a line means to the hands of a clock, a library says; when that is, this says.

A library that is handed a zone decides where a clock jumps as well, and what it decides depends on where it began to
look. Schedulers begin anywhere, so every instant has to have one answer: here it is found from the line and the zone.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct

from jobkit.errors import ConfigurationError

NICKNAMES: Final = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}

JUMP: Final = timedelta(hours=25)
"""No clock was ever put forward or back by more: a zone has left out a whole day."""

SECOND: Final = timedelta(seconds=1)


class Cron(Struct, frozen=True):
    """A tick whenever the clocks of a zone show what five fields say: minute, hour, day, month, weekday.

    Where clocks are put forward beyond a time, it is as much later, and where they show it twice, it is the first time:
    once for each time that the line names. A line whose minutes or hours begin with ``*`` means an interval: it goes on
    through the repeated hour, and has nothing in the one that is left out. (The rule of Debian's cron.)
    """

    line: str
    zone: ZoneInfo

    def __post_init__(self) -> None:
        self._walls(datetime(2000, 1, 1))  # noqa: DTZ001 - what a clock shows

    def after(self, instant: datetime) -> datetime:
        best: datetime | None = None
        end: datetime | None = None
        for wall in self._walls(self._shown(instant) - self._slack(instant) - SECOND):
            if best is not None and (end is None or wall > end):
                break
            later = [tick for tick in self._instants(wall) if tick > instant]
            if later and (best is None or min(later) < best):
                best = min(later)
                slack = self._slack(best)
                end = self._shown(best) + slack if slack else None
        assert best is not None  # a line that never comes is refused
        return best

    def until(self, instant: datetime) -> datetime:
        best: datetime | None = None
        end: datetime | None = None
        for wall in self._walls(self._shown(instant) + self._slack(instant) + SECOND, reverse=True):
            if best is not None and (end is None or wall < end):
                break
            earlier = [tick for tick in self._instants(wall) if tick <= instant]
            if earlier and (best is None or max(earlier) > best):
                best = max(earlier)
                slack = self._slack(best)
                end = self._shown(best) - slack if slack else None
        assert best is not None
        return best

    def _shown(self, instant: datetime) -> datetime:
        return instant.astimezone(self.zone).replace(tzinfo=None, fold=0)

    def _slack(self, instant: datetime) -> timedelta:
        """How far from an instant the order of what clocks show may differ from that of time."""
        offsets = {(instant + shift).astimezone(self.zone).utcoffset() for shift in (-JUMP, 0 * JUMP, JUMP)}
        return JUMP if len(offsets) > 1 else 0 * JUMP

    def _instants(self, wall: datetime) -> set[datetime]:
        """When a clock shows this: mostly once."""
        first, second = (wall.replace(tzinfo=self.zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        if not self._is_interval:
            return {first}
        return {tick for tick in (first, second) if self._shown(tick) == wall}

    @property
    def _is_interval(self) -> bool:
        minutes, hours = self._fields.split()[:2]
        return minutes.startswith("*") or hours.startswith("*")

    @property
    def _fields(self) -> str:
        return NICKNAMES.get(self.line.strip().lower(), self.line)

    def _walls(self, begin: datetime, *, reverse: bool = False) -> Iterator[datetime]:
        """What a clock without a zone shows at each tick, from there on and not there itself."""
        if len(self._fields.split()) != 5:
            raise ConfigurationError(
                f"cron={self.line!r}: a line has five fields, minute hour day month weekday, such as '30 2 * * 1-5', "
                f"or is one of {', '.join(NICKNAMES)}"
            )
        cronsim = _library()
        try:
            walls: Iterator[datetime] = cronsim.CronSim(self._fields, begin, reverse=reverse)
        except cronsim.CronSimError as error:
            raise ConfigurationError(
                f"cron={self.line!r}: {str(error)[:1].lower()}{str(error)[1:]} "
                "(the fields are minute hour day month weekday)"
            ) from None
        return walls


def zone_of(zone: str | ZoneInfo) -> ZoneInfo:
    """A zone by its name, such as Europe/Berlin."""
    if isinstance(zone, ZoneInfo):
        return zone
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigurationError(
            f"no time zone {zone!r}: names are those of the tz database, such as Europe/Berlin or UTC "
            "(where the system has none, install tzdata)"
        ) from None


def _library() -> Any:
    try:
        return import_module("cronsim")
    except ModuleNotFoundError:
        raise ConfigurationError("cron lines need the package cronsim: pip install 'jobkit-core[cron]'") from None
