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
    Enqueue,
    Extend,
    Requeue,
    Reserve,
    Scenario,
    Settle,
    Step,
)

FAULTS: Final = (1, 2)
"""Of the fates of a parcel: lost, and the death of its client."""


def short_scenarios(capabilities: Capabilities) -> Iterator[Scenario]:
    """One short life a verb, in which things may get lost."""
    return (Scenario([script], faulty=True) for script in _scripts(capabilities))


def _scripts(capabilities: Capabilities) -> Iterator[list[Step]]:
    """Yield the shorter ones first: what breaks in them is found sooner, and is smaller."""
    take = Reserve(lease=5 * SECOND)
    if capabilities.cancel:
        yield [Enqueue("a"), Cancel("a")]
    yield [Enqueue("a", again=True), take, Settle()]
    if capabilities.delay:
        yield [Enqueue("a", after=SECOND), take, Settle("retry", after=SECOND)]
    if capabilities.wait and capabilities.delay:
        yield [Enqueue("a", after=SECOND), Reserve(lease=5 * SECOND, wait=3 * SECOND), Settle()]
    if capabilities.inspect:
        yield [Enqueue("a"), take, Delete("a"), Settle()]
    yield [Enqueue("a"), take, Extend(lease=5 * SECOND), Settle()]
    if capabilities.keys:
        yield [Enqueue("a", key="k"), take, Settle(), Enqueue("b", key="k")]
    yield [Enqueue("a"), take, Settle("retry"), take, Settle()]
    yield [Enqueue("a"), take, Settle("release"), take, Settle()]
    if capabilities.cancel:
        yield [Enqueue("a"), take, Cancel("a"), Extend(), Settle("retry")]
    if capabilities.dead_letters:
        yield [Enqueue("a"), take, Settle("dead"), Requeue("a"), take, Settle()]


def with_each_fault(scenario: Scenario, fates: list[int]) -> Iterator[Scenario]:
    """The same with one fault, at each place where one is possible."""
    for place in fates:
        for fault in FAULTS:
            yield structs.replace(scenario, decisions=[0] * place + [fault])
