"""Which schedules are tried: every single fault first, as far as it goes, then many at once by chance."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import TYPE_CHECKING

from pytest_jobkit.chaos.choices import ChoiceSequence
from pytest_jobkit.chaos.config import CRASH_AFTER, CRASH_BEFORE, DELAY
from pytest_jobkit.chaos.fault import CRASH_AT, Fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_jobkit.chaos.fault import InjectionPoint, Schedule
    from pytest_jobkit.chaos.injector import Point


def single_faults(points: Sequence[Point], chance: Random) -> list[Schedule]:
    """One fault each, all that a clean run came by: of each kind for each job one first, then its further ones."""
    last = next((point for point in reversed(points) if DELAY in point.possible), None)
    found = [
        Fault(kind, point.place, amount)
        for point in points
        for kind, most in point.possible.items()
        if not (kind == DELAY and point is last)  # nothing comes after it
        for amount in sorted({min(1, most), most})
    ]
    chance.shuffle(found)
    seen: Counter[tuple[str, str]] = Counter()
    ranked: list[tuple[int, Fault]] = []
    for fault in found:
        seen[fault.kind, fault.place.job] += 1
        ranked.append((seen[fault.kind, fault.place.job], fault))
    return [(fault,) for _, fault in sorted(ranked, key=lambda each: each[0])]


def schedules(points: Sequence[Point], chance: Random, runs: int) -> Iterator[ChoiceSequence]:
    """What the runs are to decide, without end; at most half of ``runs`` with a single fault."""
    for schedule in single_faults(points, chance)[: runs // 2]:
        yield ChoiceSequence(schedule)
    deliveries = max(1, len(points))
    while True:
        odds = min(0.7, chance.choice([1 / deliveries, 2 / deliveries, 4 / deliveries, 0.3, 0.6]))
        yield ChoiceSequence((), Random(chance.getrandbits(32)), odds)  # noqa: S311 - a schedule is no secret


def crash_sweep(points: Sequence[Point], effects: Sequence[tuple[InjectionPoint, Sequence[str]]]) -> list[Schedule]:
    """A crash before each job, at each of its effect points, and after it: in the order in which they are met."""
    inside = {place: len(met) for place, met in effects}
    found: list[Fault] = []
    for point in points:
        if CRASH_AT in point.possible:
            found.append(Fault(CRASH_BEFORE, point.place))
            found += [Fault(CRASH_AT, point.place, number + 1) for number in range(inside.get(point.place, 0))]
            found.append(Fault(CRASH_AFTER, point.place))
    return [(fault,) for fault in found]
