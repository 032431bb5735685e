"""Makes a failing schedule smaller: fewer faults, then plainer ones."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_jobkit.chaos.config import CRASH_AFTER, DELAY, DUPLICATE, REORDER
from pytest_jobkit.chaos.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_jobkit.chaos.fault import Schedule
    from pytest_jobkit.chaos.trial import Trial


def shrink(trial: Trial, fails_too: Callable[[Schedule], Trial | None]) -> Trial:
    """The smallest trial found that fails in the same way.

    ``fails_too`` plays a schedule and answers with the trial if it fails so; None too when there are no runs left.
    """
    tried = {trial.schedule}
    smaller = True
    while smaller:
        smaller = False
        for candidate in _smaller(trial.schedule):
            if candidate in tried:
                continue
            tried.add(candidate)
            found = fails_too(candidate)
            if found is not None and _size(found.schedule) < _size(trial.schedule):
                trial, smaller = found, True
                tried.add(trial.schedule)
                break
    return trial


def _size(schedule: Schedule) -> tuple[int, int, int]:
    return (
        len(schedule),
        sum(map(_weight, schedule)),
        sum(fault.amount + fault.place.nth + fault.place.attempt for fault in schedule),
    )


def _weight(fault: Fault) -> int:
    """What needs fewer words is plainer."""
    return {DUPLICATE: 0, CRASH_AFTER: 1, REORDER: 0, DELAY: 1}.get(fault.kind, 0)


def _smaller(schedule: Schedule) -> Iterator[Schedule]:
    """Without half of the faults, a quarter, one; then with one in a plainer form."""
    size = len(schedule) // 2 if len(schedule) > 1 else 0
    while size:
        for start in range(0, len(schedule), size):
            yield (*schedule[:start], *schedule[start + size :])
        size //= 2
    for at, fault in enumerate(schedule):
        for plainer in _plainer(fault):
            yield (*schedule[:at], plainer, *schedule[at + 1 :])


def _plainer(fault: Fault) -> Iterator[Fault]:
    match fault.kind:
        case kind if kind == CRASH_AFTER:
            yield replace(fault, kind=DUPLICATE)
        case kind if kind == DELAY:
            yield replace(fault, kind=REORDER, amount=1)
        case _:
            pass
    if fault.kind in (REORDER, DELAY) and fault.amount > 1:
        yield replace(fault, amount=1)
        yield replace(fault, amount=fault.amount - 1)
