"""Every single fault, one after another: at each thing that travels for a verb, it is lost, or its client dies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import structs

from jobkit.backend import Capabilities
from jobkit_conformance.scenario import (
    SECOND,
    Cancel,
    Delete,
    End,
    Keep,
    Put,
    Requeue,
    Scenario,
    Step,
    Take,
)

FAULTS: Final = (1, 2)
"""Of the fates of a parcel: lost, and the death of its client."""


def lives(capabilities: Capabilities) -> Iterator[Scenario]:
    """One short life a verb, in which things may get lost."""
    return (Scenario([script], faulty=True) for script in _scripts(capabilities))


def _scripts(capabilities: Capabilities) -> Iterator[list[Step]]:
    take = Take(lease=5 * SECOND)
    yield [Put("a", again=True), take, End()]
    yield [Put("a"), take, End("retry"), take, End()]
    yield [Put("a"), take, End("release"), take, End()]
    yield [Put("a"), take, Keep(lease=5 * SECOND), End()]
    if capabilities.delay:
        yield [Put("a", after=SECOND), take, End("retry", after=SECOND)]
    if capabilities.wait and capabilities.delay:
        yield [Put("a", after=SECOND), Take(lease=5 * SECOND, wait=3 * SECOND), End()]
    if capabilities.keys:
        yield [Put("a", key="k"), take, End(), Put("b", key="k")]
    if capabilities.dead_letters:
        yield [Put("a"), take, End("dead"), Requeue("a"), take, End()]
    if capabilities.cancel:
        yield [Put("a"), Cancel("a")]
        yield [Put("a"), take, Cancel("a"), Keep(), End("retry")]
    if capabilities.inspect:
        yield [Put("a"), take, Delete("a"), End()]


def faults(scenario: Scenario, fates: list[int]) -> Iterator[Scenario]:
    """The same with one fault, at each place where one is possible."""
    for place in fates:
        for fault in FAULTS:
            yield structs.replace(scenario, decisions=[0] * place + [fault])
