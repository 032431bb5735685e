"""Who plays in a simulation: clients that call verbs, or workers that perform jobs."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from jobkit.backend import Capabilities
from jobkit_conformance.profiles import Profile
from jobkit_conformance.scenario import Scenario, draw
from jobkit_conformance.simulation import fault_sweep, worker_scenarios


@dataclass(frozen=True)
class Workload:
    """``judges``: the rules that it can break, and without which coverage label it says nothing of them.

    ``scenes``: played in every run; ``swept``: played once more for every single fault; ``draw``: one more; ``count``:
    how many of these.
    """

    name: str
    judges: Mapping[str, str]
    fixed: Callable[[Capabilities], Iterator[Scenario]]
    swept: Callable[[Capabilities], Iterator[Scenario]]
    draw: Callable[[random.Random, Capabilities], Scenario]
    count: Callable[[Profile], int]
    each: float
    """Seconds that one scenario takes, roughly."""
    patient: bool = True
    """Every single fault is played, however long that takes; else only what the profile has time for."""


CLIENT_JUDGES: Final = {
    "E4": "something lost",
    "E8": "grant",
    "R1": "calls at once",
    "R2": "calls at once",
    "R3": "reserve given up",
    "R4": "something lost",
    "R5": "reserve that waited",
    "L1": "another delivery",
    "L2": "another delivery",
    "L3": "another delivery",
    "L4": "grant",
    "L5": "settle or extend, stale",
    "L6": "settle or extend, stale",
    "L7": "extend, lease_expired",
    "L8": "extend",
    "L10": "grant",
    "S2": "another delivery",
    "S3": "another delivery",
    "S4": "another delivery",
    "S8": "grant",
    "T1": "grant",
    "K1": "a key",
    "K2": "a key",
    "X1": "cancel",
    "X2": "cancel",
    "X3": "cancel",
    "I3": "delete",
}


def _none(_capabilities: Capabilities) -> Iterator[Scenario]:
    return iter(())


CLIENTS: Final = Workload(
    "several clients",
    CLIENT_JUDGES,
    _none,
    fault_sweep.short_scenarios,
    draw,
    lambda profile: profile.scenarios,
    each=1 / 400,
)
WORKERS: Final = Workload(
    "several workers",
    worker_scenarios.RULES,
    lambda _: worker_scenarios.fixed_scenarios(),
    lambda _: worker_scenarios.swept_scenarios(),
    worker_scenarios.draw,
    lambda profile: profile.shifts,
    each=1 / 20,
    patient=False,
)
WORKLOADS: Final = (CLIENTS, WORKERS)
