"""What is left to chance in a run, written down: so that it can be played again, and made smaller."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import TYPE_CHECKING

from pytest_jobkit.chaos.fault import Fault

if TYPE_CHECKING:
    from pytest_jobkit.chaos.fault import InjectionPoint, Schedule


class ChoiceSequence:
    """Answers each question from a schedule; what that does not name from chance; without chance nothing goes wrong."""

    def __init__(self, schedule: Schedule = (), chance: Random | None = None, odds: float = 0.0) -> None:
        self._scheduled = {fault.place: fault for fault in schedule}
        self._chance = chance
        self._odds = odds

    def fault(self, place: InjectionPoint, possible: Mapping[str, int]) -> Fault | None:
        """What goes wrong here, of these kinds; each with the largest amount it can have."""
        scheduled = self._scheduled.get(place)
        if scheduled is not None:
            return scheduled if scheduled.kind in possible else None
        if self._chance is None or not possible or self._chance.random() >= self._odds:
            return None
        kind = self._chance.choice(sorted(possible))
        most = possible[kind]
        return Fault(kind, place, self._chance.randint(1, most) if most else 0)
