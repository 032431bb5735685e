"""Plays one scenario on one backend, and gives back what happened."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from msgspec import structs

from jobkit_conformance.checkers.worker import SPINNING
from jobkit_conformance.harness import BackendHarness
from jobkit_conformance.history.history import History
from jobkit_conformance.scenario import SECOND, Scenario
from jobkit_conformance.simulation.choices import ChoiceSequence
from jobkit_conformance.simulation.loop import Deadlock, SimulatedClock, SimulatedLoop
from jobkit_conformance.simulation.simulator import Simulator
from jobkit_conformance.violations import RuleViolation


@dataclass
class Played:
    """``scenario`` holds the decisions that were taken; ``broken`` what went wrong already while it was played."""

    scenario: Scenario
    history: History
    start_ms: int
    fates: list[int]
    """The places of the decisions about what became of a parcel."""
    broken: RuleViolation | None = None


def play(harness: BackendHarness, scenario: Scenario, namespace: str, chance: random.Random | None = None) -> Played:
    """Play a scenario. Without ``chance`` what was not decided goes as it should."""
    decisions = ChoiceSequence(scenario.decisions, chance)
    loop = SimulatedLoop(decisions)
    clock = SimulatedClock(loop)
    history, start_ms = History(clock), clock.now_ms()
    world = Simulator(harness, namespace, loop, history, faulty=scenario.faulty)
    broken = None
    try:
        loop.run(world.main(scenario.scripts))
    except RuleViolation as found:
        broken = found
    except Deadlock as stuck:
        broken = _hung(history, stuck)
    if broken is None and loop.unhandled:
        broken = RuleViolation("C2", f"nobody caught {loop.unhandled[0]}")
    return Played(
        structs.replace(scenario, decisions=_trimmed(decisions.taken)), history, start_ms, decisions.fates, broken
    )


def _trimmed(decisions: Sequence[int]) -> list[int]:
    """Without the plain cases at the end, which need not be written down."""
    length = len(decisions)
    while length and decisions[length - 1] == 0:
        length -= 1
    return list(decisions[:length])


def _hung(history: History, stuck: Deadlock) -> RuleViolation:
    if spins := _spinning(history):
        return RuleViolation("W9", spins)
    pending = [call for call in history.calls if call.ended is None]
    verb = pending[0].verb if pending else "reserve"
    who = f"{pending[0].client}'s {verb} has no answer" if pending else "the backend's own tasks have no end"
    return RuleViolation("R2" if verb == "reserve" else "D6", f"{who}: {stuck}")


def _spinning(history: History) -> str:
    """Which worker asks the store without a pause, if one does."""
    now = history.clock.now_ms()
    for process in history.processes:
        latest = [call for call in process.calls if call.from_ms >= now - SECOND]
        if len(latest) > SPINNING:
            return f"{process.name} made more than {SPINNING} calls within a second, and goes on so"
    return ""
