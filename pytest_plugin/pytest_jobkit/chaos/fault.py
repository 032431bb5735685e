"""A fault: one thing that goes wrong in a run, as a value; a schedule of them, and its text on a command line."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeAlias
from urllib.parse import quote, unquote

from pytest_jobkit.chaos.config import DELAY, FAULTS, REFUSE, REORDER

CRASH_AT = "crash-at"
"""A crash in the middle of a job, at one of its effect points: a sweep makes them."""

KINDS = (*FAULTS, CRASH_AT)

COUNTED = (REORDER, DELAY, CRASH_AT)
"""Those that say how many, or which."""


class DecisionPoint(Enum):
    """What can go one way or another: of a delivery its turn and then its end, and whether an enqueue is stored."""

    TURN = auto()
    END = auto()
    ENQUEUE = auto()

    @classmethod
    def about(cls, kind: str) -> DecisionPoint:
        return cls.ENQUEUE if kind == REFUSE else cls.TURN if kind in (REORDER, DELAY) else cls.END


@dataclass(frozen=True)
class InjectionPoint:
    """Where something may go wrong: in a delivery of a job, or in an enqueue.

    ``job``: the function's own name. ``nth``: which of the test's jobs of this name, from 1. ``attempt``: at which of
    its deliveries, from 1. Names hold where numbers of steps would not: without an earlier fault it is the same place.
    """

    job: str
    nth: int
    attempt: int
    question: DecisionPoint


@dataclass(frozen=True)
class Fault:
    """``amount``: of a reorder how many others come first, of a delay how many instants, of a crash-at which point."""

    kind: str
    place: InjectionPoint
    amount: int = 0

    def __str__(self) -> str:
        """``duplicate:charge``, ``reorder=2:set_stock:3``, ``crash-after:charge:1:2``."""
        counted = f"={self.amount}" if self.amount > 1 else ""
        numbers = [self.place.nth, self.place.attempt]
        while numbers and numbers[-1] == 1:
            numbers.pop()
        return ":".join([f"{self.kind}{counted}", quote(self.place.job, safe=""), *map(str, numbers)])


Schedule: TypeAlias = tuple[Fault, ...]
"""What goes wrong in a run; everything else goes well."""


def token(schedule: Schedule) -> str:
    """The schedule as ``--jobkit-replay`` takes it."""
    return ",".join(map(str, schedule))


def schedule_of(text: str) -> Schedule:
    """The schedule that a token stands for; `ValueError` for what is none."""
    schedule = tuple(_fault(part) for part in text.split(","))
    places = [fault.place for fault in schedule]
    if twice := [str(fault) for fault in schedule if places.count(fault.place) > 1]:
        raise ValueError(f"{' and '.join(twice)} can't both be: a delivery comes one way and ends one way")
    return schedule


def _fault(text: str) -> Fault:
    head, _, rest = text.strip().partition(":")
    kind, counted, amount = head.partition("=")
    job, *numbers = rest.split(":")
    if kind not in KINDS:
        raise ValueError(f"{text!r}: there is no fault {kind!r}; there are {', '.join(KINDS)}")
    if not job or len(numbers) > 2 or (counted and kind not in COUNTED):
        raise ValueError(
            f"{text!r} does not read as FAULT:JOB[:NTH[:ATTEMPT]], or, of {' and '.join(COUNTED)}, FAULT=N:JOB..."
        )
    try:
        nth, attempt = (*map(_positive, numbers), 1, 1)[:2]
        return Fault(kind, InjectionPoint(unquote(job), nth, attempt, DecisionPoint.about(kind)), _amount(kind, amount))
    except ValueError:
        raise ValueError(f"{text!r}: its numbers count from 1") from None


def _amount(kind: str, text: str) -> int:
    return _positive(text or "1") if kind in COUNTED else 0


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number
