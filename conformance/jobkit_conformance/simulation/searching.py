"""Plays one drawn scenario after another, and makes the first that breaks a rule small."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from msgspec.structs import replace

from jobkit.backend import Capabilities, Ended, Stale
from jobkit_conformance.broken import Broken
from jobkit_conformance.catalogue import BY_ID
from jobkit_conformance.harness import BackendHarness
from jobkit_conformance.profiles import Profile
from jobkit_conformance.report import Failure
from jobkit_conformance.scope import unmet
from jobkit_conformance.simulation import sweep
from jobkit_conformance.simulation.history import History
from jobkit_conformance.simulation.invariants import check
from jobkit_conformance.simulation.lives import lives
from jobkit_conformance.simulation.play import REST, Played, play
from jobkit_conformance.simulation.scenario import Scenario, draw, token
from jobkit_conformance.simulation.shrink import shrink
from jobkit_conformance.simulation.telling import as_script, as_trace
from jobkit_conformance.story import as_story
from jobkit_conformance.timeline import as_timeline

JUDGES: Final = {
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
    "L7": "extend, ended",
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
"""The rules that a simulation judges, and without which situation it has nothing to say of them."""


USUAL_FAULTS: Final = 300
"""How many single faults there are, roughly."""
ATTEMPTS: Final = 20
"""How often a smaller scenario is played: with the decisions that were taken, then with others."""


def can_simulate(harness: BackendHarness) -> bool:
    """Whether several clients of this backend can be played on a simulated loop."""
    return harness.simulated or harness.offers("simulate")


def judged(harness: BackendHarness, capabilities: Capabilities) -> list[str]:
    """The rules of which a simulation of this backend says something.

    It brings the faults itself, and clients that die; so it needs no hook, and no processes that share a store.
    """
    return [
        id
        for id in JUDGES
        if all(need.startswith(("hook:", "shared|")) for need in unmet(BY_ID[id].needs, capabilities, harness))
        and (id != "E4" or harness.offers("simulate"))  # else its requests are not the backend's to repeat
    ]


@dataclass
class Simulated:
    """What playing scenarios came to."""

    cases: int = 0
    situations: Counter[str] = field(default_factory=Counter[str])
    broken: Broken | None = None
    scenario: Scenario | None = None


class Simulation:
    """Scenarios on one backend."""

    def __init__(self, harness: BackendHarness, capabilities: Capabilities, namespace: str) -> None:
        self._harness = harness
        self._capabilities = capabilities
        self._namespace = namespace
        self._slack = None if harness.offers("simulate") else capabilities.slack
        self._plays = 0

    def search(
        self, seed: int, profile: Profile, rules: Collection[str], tell: Callable[[float], None] = lambda _share: None
    ) -> Simulated:
        """Play every single fault, then as many scenarios as the profile says and allows; only ``rules`` count.

        ``tell`` hears how far this is.
        """
        found = Simulated()
        for played, broken in self._plays_of(seed, profile):
            tell(min(found.cases / (profile.scenarios + USUAL_FAULTS), 1.0))
            found.cases += 1
            found.situations.update(situations(played.history))
            if broken is not None and broken.rule in rules:
                found.scenario, found.broken = self._smallest(played.scenario, broken, profile.shrinking)
                break
        return found

    def _plays_of(self, seed: int, profile: Profile) -> Iterator[tuple[Played, Broken | None]]:
        for script in sweep.scripts(self._capabilities):
            plain, broken = self.judged(Scenario([script], faulty=True))
            yield plain, broken
            for scenario in sweep.faults(script, plain.fates):
                yield self.judged(scenario)
        until = time.monotonic() + profile.seconds / 2
        for number in range(profile.scenarios):
            if time.monotonic() > until:
                return
            chance = random.Random(f"{seed} {number}")  # noqa: S311  (scenarios, not secrets)
            yield self.judged(draw(chance, self._capabilities), chance)

    def judged(self, scenario: Scenario, chance: random.Random | None = None) -> tuple[Played, Broken | None]:
        """Play one scenario, and say what it broke."""
        self._plays += 1
        played = play(self._harness, scenario, f"{self._namespace}-{self._plays}", chance)
        if played.broken is not None:
            return played, played.broken
        try:
            check(played.history, slack=self._slack)
        except Broken as broken:
            return played, broken
        return played, None

    def told(self, scenario: Scenario, target: str) -> tuple[str, str, Broken | None]:
        """Play one scenario: its code, its timeline, and what it broke."""
        played, broken = self.judged(scenario)
        return as_script(scenario, target), as_timeline(as_trace(played.history, played.start_ms)), broken

    def failure(self, scenario: Scenario, target: str) -> Failure:
        """Play it once more, and write down its steps."""
        played, broken = self.judged(scenario)
        trace = as_trace(played.history, played.start_ms)
        calls = [call for call in trace.calls if call.client != REST]
        return Failure(
            seen=broken.seen if broken is not None else "it does not break when it is played again",
            tier="the simulation of several clients",
            program=as_script(scenario, target),
            timeline=as_timeline(trace),
            story=as_story(trace),
            replay=f"--replay {token(scenario)}",
            shows_in=calls[-1].verb if calls else "",
        )

    def _smallest(self, scenario: Scenario, broken: Broken, seconds: float) -> tuple[Scenario, Broken]:
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


def situations(history: History) -> Iterator[str]:
    """What came about, each as often as it did."""
    calls = history.calls
    yield from ("calls at once" for one, other in pairwise(calls) if one.ended is None or one.ended > other.begun)
    yield from ("something lost" for _ in range(history.lost))
    for call in calls:
        if call.verb in ("extend", "cancel", "delete"):
            yield call.verb
        if call.verb == "reserve" and not call.answered:
            yield "reserve given up"
        if call.verb == "reserve" and call.stated["wait"]:
            yield "reserve that waited"
        answers: Sequence[object] = call.answer if call.answered else ()
        for answer in answers:
            if call.verb in ("settle", "extend") and isinstance(answer, Stale):
                yield "settle or extend, stale"
            if isinstance(answer, Ended):
                yield "extend, ended"
        if call.verb == "enqueue" and any(message.key for message in call.items):
            yield "a key"
    for life in lives(history).values():
        yield from ("grant" for _ in life.grants)
        yield from ("another delivery" for _ in life.grants[1:])
