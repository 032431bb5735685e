"""Makes a scenario smaller that breaks a rule: fewer clients, fewer steps, fewer decisions, plainer values."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import permutations
from typing import Any, TypeAlias

from msgspec import structs

from jobkit_conformance.scenario import Scenario, Step

Breaks: TypeAlias = Callable[[Scenario], Scenario | None]
"""Plays a scenario; if that breaks the same rule, gives it back with the decisions that were taken."""


def shrink(scenario: Scenario, breaks: Breaks, seconds: float) -> Scenario:
    """The smallest scenario found that still breaks the rule."""
    deadline = time.monotonic() + seconds
    smaller = True
    while smaller:
        smaller = False
        for candidate in _smaller(scenario):
            if time.monotonic() > deadline:
                return scenario
            found = breaks(candidate)
            if found is not None and _size(found) < _size(scenario):
                scenario, smaller = found, True
                break
    return scenario


def _size(scenario: Scenario) -> tuple[int, ...]:
    """What is smaller is easier to read: steps first, then clients, then what was decided against the plain case."""
    steps = [step for script in scenario.scripts for step in script]
    return (
        len(steps),
        len(scenario.scripts),
        sum(_weight(step) for step in steps),
        scenario.faulty,
        sum(each != 0 for each in scenario.decisions),
        len(scenario.decisions),
        sum(scenario.decisions),
    )


def _weight(step: Step) -> int:
    return sum(getattr(step, name) not in (value, None) for name, value in _plain(step).items())


def _plain(step: Step) -> dict[str, Any]:
    """The fields that may be left at their defaults, with these."""
    required = len(step.__struct_fields__) - len(step.__struct_defaults__)
    return dict(zip(step.__struct_fields__[required:], step.__struct_defaults__, strict=True))


def _smaller(scenario: Scenario) -> Iterator[Scenario]:
    scripts = scenario.scripts
    for at in range(len(scripts)):
        yield structs.replace(scenario, scripts=[*scripts[:at], *scripts[at + 1 :]])
    for size in (4, 2, 1):
        for at, script in enumerate(scripts):
            for start in range(len(script) - size + 1):
                yield _with_script(scenario, at, [*script[:start], *script[start + size :]])
    for one, other in permutations(range(len(scripts)), 2):
        merged = [*scripts[one], *scripts[other]]
        rest = [script for at, script in enumerate(scripts) if at not in (one, other)]
        yield structs.replace(scenario, scripts=[merged, *rest])
    if scenario.faulty:
        yield structs.replace(scenario, faulty=False)
    for at, script in enumerate(scripts):
        for place, step in enumerate(script):
            for plainer in _plainer(step):
                yield _with_script(scenario, at, [*script[:place], plainer, *script[place + 1 :]])
    yield from _fewer_decisions(scenario)


def _with_script(scenario: Scenario, at: int, script: list[Step]) -> Scenario:
    return structs.replace(scenario, scripts=[*scenario.scripts[:at], script, *scenario.scripts[at + 1 :]])


def _plainer(step: Step) -> Iterator[Step]:
    for name, value in _plain(step).items():
        if getattr(step, name) != value:
            yield structs.replace(step, **{name: value})


def _fewer_decisions(scenario: Scenario) -> Iterator[Scenario]:
    """With the plain case in the place of some, and then without some."""
    decisions = scenario.decisions
    odd = [place for place, decision in enumerate(decisions) if decision]
    size = len(odd)
    while size:
        for start in range(0, len(odd), size):
            plain = set(odd[start : start + size])
            yield _decided(scenario, [0 if place in plain else each for place, each in enumerate(decisions)])
        size //= 2
    for size in (8, 1):
        for start in range(0, len(decisions) - size + 1, size):
            yield _decided(scenario, [*decisions[:start], *decisions[start + size :]])
    for place in odd:
        if decisions[place] > 1:
            yield _decided(scenario, [*decisions[:place], decisions[place] - 1, *decisions[place + 1 :]])


def _decided(scenario: Scenario, decisions: list[int]) -> Scenario:
    return structs.replace(scenario, decisions=decisions)
