"""How much a run tries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Profile:
    """``programs``: drawn for each machine. ``scenarios``: of several clients at once, where they can be simulated.

    ``seconds``: what one machine, or all the scenarios, may take; a machine's verdicts are unknown then. ``shrinking``:
    seconds in which what breaks a rule is made smaller. ``jobs``: how many go through the
    store where that is the question. ``backlog``: how many wait where growth is measured. ``patience``: seconds within
    which a worker gets to what it has to do.
    """

    name: str
    programs: int
    scenarios: int
    seconds: float
    shrinking: float
    jobs: int
    backlog: int
    patience: float = 6.0


PROFILES: Final = {
    "quick": Profile("quick", programs=100, scenarios=400, seconds=20, shrinking=10, jobs=400, backlog=20_000),
    "ci": Profile("ci", programs=600, scenarios=5_000, seconds=120, shrinking=30, jobs=10_000, backlog=100_000),
    "deep": Profile(
        "deep", programs=10_000, scenarios=200_000, seconds=3600, shrinking=120, jobs=10_000, backlog=10**5
    ),
}
