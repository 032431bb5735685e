"""How much a run tries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Profile:
    """``programs``: drawn for each machine. ``scenarios``: of several clients at once, where they can be simulated.
    ``shifts``: of several workers at once, likewise.

    ``seconds``: what one machine, or all the scenarios, may take; a machine's verdicts are unknown then. ``shrinking``:
    seconds in which what breaks a rule is made smaller. ``jobs``: how many go through the store where that is the
    question. ``backlog``: how many wait where growth is measured. ``faults``: how many kinds befall each command behind
    a proxy, beside those that always do; ``costly``: how many in all of those that take real time; ``workers``: how
    many in all befall a worker. ``patience``: seconds within which a worker gets to what it has to do.
    """

    name: str
    programs: int
    scenarios: int
    shifts: int
    seconds: float
    shrinking: float
    jobs: int
    backlog: int
    faults: int
    costly: int
    workers: int
    patience: float = 6.0
    plays: int = 1


PROFILES: Final = {
    "quick": Profile(
        "quick",
        programs=100,
        scenarios=400,
        shifts=60,
        seconds=20,
        shrinking=10,
        jobs=400,
        backlog=20_000,
        plays=1,
        faults=2,
        costly=8,
        workers=12,
    ),
    "ci": Profile(
        "ci",
        programs=400,
        scenarios=3_000,
        shifts=400,
        seconds=120,
        shrinking=30,
        jobs=10_000,
        backlog=100_000,
        plays=6,
        faults=9,
        costly=300,
        workers=120,
    ),
    "deep": Profile(
        "deep",
        programs=10_000,
        scenarios=200_000,
        shifts=20_000,
        seconds=3600,
        shrinking=120,
        jobs=10_000,
        backlog=10**5,
        plays=300,
        faults=9,
        costly=1_000,
        workers=100_000,
    ),
}
