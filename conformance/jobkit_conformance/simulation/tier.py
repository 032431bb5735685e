"""Plays one drawn scenario after another, and makes the first that breaks a rule small."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from msgspec.structs import replace

from jobkit.backend import Capabilities
from jobkit_conformance.applicability import unmet
from jobkit_conformance.catalogue import BY_ID
from jobkit_conformance.checkers.backend import check
from jobkit_conformance.checkers.worker_checks import checks
from jobkit_conformance.harness import BackendHarness
from jobkit_conformance.history.history import History
from jobkit_conformance.profiles import Profile
from jobkit_conformance.render.timeline import as_timeline
from jobkit_conformance.render.timeline_data import as_story
from jobkit_conformance.reports.report import Failure
from jobkit_conformance.scenario import Scenario, token
from jobkit_conformance.simulation import fault_sweep
from jobkit_conformance.simulation.coverage import coverage_labels
from jobkit_conformance.simulation.report import to_source, to_trace
from jobkit_conformance.simulation.run_scenario import Played, play
from jobkit_conformance.simulation.shrink import shrink
from jobkit_conformance.simulation.simulator import REST
from jobkit_conformance.simulation.workloads import CLIENTS, Workload
from jobkit_conformance.violations import RuleViolation

USUAL_FAULTS: Final = 300
"""How many single faults there are, roughly."""
ATTEMPTS: Final = 20
"""How often a smaller scenario is played: with the decisions that were taken, then with others."""


def can_simulate(harness: BackendHarness) -> bool:
    """Whether several clients of this backend can be played on a simulated loop."""
    return harness.simulated or harness.offers("simulate")


def judged(harness: BackendHarness, capabilities: Capabilities, cast: Workload = CLIENTS) -> list[str]:
    """The rules of which a simulation of this backend says something.

    It brings the faults itself, and clients that die; so it needs no hook, and no processes that share a store.
    """
    return [
        id
        for id in cast.judges
        if all(need.startswith(("hook:", "shared|")) for need in unmet(BY_ID[id].needs, capabilities, harness))
        and (id != "E4" or harness.offers("simulate"))  # else its requests are not the backend's to repeat
    ]


@dataclass
class Simulated:
    """What playing scenarios came to."""

    cases: int = 0
    coverage: Counter[str] = field(default_factory=Counter[str])
    broken: RuleViolation | None = None
    scenario: Scenario | None = None


class Simulation:
    """Scenarios on one backend."""

    def __init__(
        self, harness: BackendHarness, capabilities: Capabilities, namespace: str, cast: Workload = CLIENTS
    ) -> None:
        self._cast = cast
        self._harness = harness
        self._capabilities = capabilities
        self._namespace = namespace
        self._slack = None if harness.offers("simulate") else capabilities.slack
        self._rules: Collection[str] = ()
        """What is searched for: where several rules are broken at once, rather these."""
        self._plays = 0

    def search(
        self, seed: int, profile: Profile, rules: Collection[str], tell: Callable[[float], None] = lambda _share: None
    ) -> Simulated:
        """Play the scenes and every single fault, then as many scenarios as the profile says and allows; only ``rules``
        count.

        ``tell`` hears how far this is.
        """
        found = Simulated()
        self._rules = rules
        for played, broken in self._plays_of(seed, profile):
            tell(min(found.cases / (self._cast.count(profile) + USUAL_FAULTS), 1.0))
            found.cases += 1
            found.coverage.update(coverage_labels(played.history))
            if broken is not None and broken.rule in rules:
                found.scenario, found.broken = self._smallest(played.scenario, broken, profile.shrinking)
                break
        return found

    def _plays_of(self, seed: int, profile: Profile) -> Iterator[tuple[Played, RuleViolation | None]]:
        for scene in self._cast.fixed(self._capabilities):
            yield self.judged(scene)
        until = time.monotonic() + profile.seconds / 2
        for life in self._cast.swept(self._capabilities):
            plain, broken = self.judged(life)
            yield plain, broken
            for scenario in fault_sweep.with_each_fault(life, plain.fates):
                if time.monotonic() > until and not self._cast.patient:
                    return
                yield self.judged(scenario)
        for number in range(self._cast.count(profile)):
            if time.monotonic() > until:
                return
            chance = random.Random(f"{seed} {number}")  # noqa: S311  (scenarios, not secrets)
            yield self.judged(self._cast.draw(chance, self._capabilities), chance)

    def judged(
        self, scenario: Scenario, chance: random.Random | None = None, wanted: Collection[str] = ()
    ) -> tuple[Played, RuleViolation | None]:
        """Play one scenario, and say what it broke: where that is several rules, rather one that is wanted."""
        self._plays += 1
        played = play(self._harness, scenario, f"{self._namespace}-{self._plays}", chance)
        found = [played.broken] if played.broken is not None else list(self._broken(played.history))
        rather = (broken for broken in found if broken.rule in (wanted or self._rules))
        return played, next(rather, found[0] if found else None)

    def _broken(self, history: History) -> Iterator[RuleViolation]:
        """Of a store the first rule that does not hold, of workers every one.

        Where these take part nothing is said of how prompt the store is: processes stand still.
        """
        slack = None if history.processes else self._slack
        asked: list[Callable[[], None]] = [*checks(history), partial(check, history, slack=slack)]
        for ask in asked:
            try:
                ask()
            except RuleViolation as broken:
                yield broken

    def told(self, scenario: Scenario, target: str) -> tuple[str, str, RuleViolation | None]:
        """Play one scenario: its code, its timeline, and what it broke."""
        played, broken = self.judged(scenario)
        return to_source(scenario, target), as_timeline(to_trace(played.history, played.start_ms)), broken

    def failure(self, scenario: Scenario, target: str) -> Failure:
        """Play it once more, and write down its steps."""
        played, broken = self.judged(scenario)
        trace = to_trace(played.history, played.start_ms)
        calls = [call for call in trace.calls if call.client != REST]
        return Failure(
            seen=broken.observed if broken is not None else "it does not break when it is played again",
            tier=f"the simulation of {self._cast.name}",
            program=to_source(scenario, target),
            timeline=as_timeline(trace),
            story=as_story(trace),
            replay=f"--replay {token(scenario)}",
            shows_in=calls[-1].verb if calls else "",
        )

    def _smallest(self, scenario: Scenario, broken: RuleViolation, seconds: float) -> tuple[Scenario, RuleViolation]:
        smallest = scenario

        def breaks(candidate: Scenario) -> Scenario | None:
            """Other scripts are tried with other decisions too: what was decided was meant for those before."""
            nonlocal smallest
            for attempt in range(ATTEMPTS if candidate.scripts != smallest.scripts else 1):
                chance = random.Random(attempt) if attempt else None  # noqa: S311
                played, again = self.judged(candidate if chance is None else replace(candidate, decisions=[]), chance)
                if again is not None and again.rule == broken.rule:
                    smallest = played.scenario
                    return smallest
            return None

        return shrink(scenario, breaks, seconds), broken
