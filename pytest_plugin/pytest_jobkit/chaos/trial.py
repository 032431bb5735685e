"""A trial: one run of a test under one schedule, and what is kept of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_jobkit.chaos.describe import describe
from pytest_jobkit.chaos.fault import InjectionPoint, Schedule
from pytest_jobkit.chaos.injector import Injector, Point
from pytest_jobkit.chaos.trace import Trace, trace_of
from pytest_jobkit.recording.call_site import CallSite, is_project

if TYPE_CHECKING:
    from pytest_jobkit.case import Case


@dataclass(frozen=True)
class Failure:
    """``kind`` and ``where`` tell failures from each other; ``text`` is the first line of what was raised."""

    kind: str
    where: str
    text: str = field(compare=False)
    skipped: bool = False

    def __str__(self) -> str:
        return f"{self.text}{f', at {self.where}' if self.where else ''}"


@dataclass(frozen=True)
class Trial:
    """``schedule``: the faults that made a difference. ``told``: a sentence each."""

    failure: Failure | None
    trace: Trace
    schedule: Schedule
    told: list[str]
    points: list[Point]
    effects: list[tuple[InjectionPoint, list[str]]]
    swallowed: bool
    twice: set[str]

    @property
    def size(self) -> tuple[int, ...]:
        """What is smaller is easier to read: fewer faults first, then those that need fewer words."""
        return (
            len(self.schedule),
            sum(len(each.split()) for each in self.told),
            sum(fault.amount + fault.place.attempt + fault.place.nth for fault in self.schedule),
        )


def trial_of(
    raised: pytest.ExceptionInfo[BaseException] | None, case: Case | None, injector: Injector, root: Path
) -> Trial:
    return Trial(
        failure=None if raised is None else _failure(raised, root),
        trace=Trace() if case is None else trace_of(case.tape),
        schedule=injector.taken,
        told=[describe(each) for each in injector.happened if each.had_effect],
        points=injector.points,
        effects=[(place, life.points) for place, life in injector.lives],
        twice=set() if case is None else case.tape.twice,
        swallowed=any(each.swallowed for each in injector.happened),
    )


def _failure(raised: pytest.ExceptionInfo[BaseException], root: Path) -> Failure:
    frames = [each.frame.raw for each in raised.traceback if is_project(each.frame.raw)]
    lines = [each.lineno + 1 for each in raised.traceback if is_project(each.frame.raw)]
    where = str(CallSite(frames[-1].f_code.co_filename, lines[-1], root)) if frames else ""
    first = raised.exconly(tryshort=True).splitlines()[0]
    return Failure(raised.typename, where, first, isinstance(raised.value, pytest.skip.Exception))
