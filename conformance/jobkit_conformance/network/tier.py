"""Plays every verb once without a fault, then each of its commands with each fault; and tells what broke a rule."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest
from typing import Final

from msgspec.structs import replace

from jobkit.backend import Capabilities
from jobkit.errors import BackendUnavailable
from jobkit_conformance.checkers.attribution import attribute
from jobkit_conformance.checkers.nondeterministic_model import find_contradiction
from jobkit_conformance.env import Env
from jobkit_conformance.network.case import OBSERVER, VICTIM, FaultCase, Wait, token
from jobkit_conformance.network.faults import ALWAYS, FAULTS, MAY_LOSE_A_REPLY, possible
from jobkit_conformance.network.report import as_script
from jobkit_conformance.network.run_case import CaseRun
from jobkit_conformance.network.run_step import verb_of
from jobkit_conformance.network.sweep_result import SweepResult
from jobkit_conformance.network.workloads import workloads
from jobkit_conformance.render.timeline import as_timeline
from jobkit_conformance.render.timeline_data import as_story
from jobkit_conformance.reports.report import Failure
from jobkit_conformance.run_context import RunContext
from jobkit_conformance.transport.proxy import Proxy
from jobkit_conformance.violations import RuleViolation

ANY: Final = "a fault in any verb"

JUDGES: Final = {
    "E1": "a fault in enqueue",
    "E4": "a repeat",
    "E5": "a fault in enqueue",
    "R3": "given up in reserve",
    "R4": "a fault in reserve",
    "L2": "a fault in reserve",
    "L5": "late in settle",
    "L8": "a fault in extend",
    "S1": "a fault in settle",
    "S2": "a fault in settle",
    "S3": "a fault in settle",
    "S4": "a fault in settle",
    "S5": "a fault in settle",
    "S6": "a fault in requeue",
    "S8": "a fault in settle",
    "S9": "a fault in settle",
    "X1": "a fault in cancel",
    "X2": "a fault in cancel",
    "K1": "a fault in enqueue",
    "K2": "a fault in settle",
    "K3": "a fault in settle",
    "I3": "a fault in delete",
    "P1": "a fault in pause",
    "P2": "a fault in extend",
    "P3": "a fault in cell_set",
    "D2": ANY,
    "D3": ANY,
    "D4": "full in settle",
    "D6": "a silence",
    "C2": "closed in reserve",
}
"""The rules that a sweep judges, and without which coverage label it has nothing to say of them."""

TIMEOUTS: Final = (150, 1_500)
"""Milliseconds that a client waits whose answers never come. What fails with the short one counts with the long one."""
SILENT: Final = frozenset(name for name, fault in FAULTS.items() if fault.then == "silence")


@dataclass
class Played:
    """One play: how many commands it took, what it broke, and where everything is written down.

    ``struck_in``: the verb that the fault met; empty when it met none.
    """

    env: Env
    commands: int
    struck_in: str
    broken: RuleViolation | None


class Sweep:
    """The cases of one backend."""

    def __init__(self, ground: RunContext) -> None:
        self._ground = ground
        self._capabilities: Capabilities = ground.capabilities

    def search(self, rules: Collection[str], tell: Callable[[float], None]) -> SweepResult[FaultCase]:
        """Play them until one breaks one of these rules; ``tell`` hears how far this is."""
        swept = SweepResult[FaultCase]()
        for case, share in self._cases(swept, rules):
            tell(share)
            self._count(swept, case, self.play(case), rules)
            if swept.broken is not None:
                break
        return swept

    def _cases(self, swept: SweepResult[FaultCase], rules: Collection[str]) -> Iterator[tuple[FaultCase, float]]:
        """Each script as it should go, then with faults; what costs real time comes last, while there is time."""
        profile, chance = self._ground.profile, random.Random(self._ground.seed)  # noqa: S311  (not secrets)
        until = time.monotonic() + profile.seconds
        all = workloads(self._capabilities, waits=self._ground.harness.clock_mode == "offset")
        asked = [script for script in all if _concerns(script, rules)]
        costly: list[FaultCase] = []
        for place, script in enumerate(asked):
            plain = self.play(script)
            self._count(swept, script, plain, rules)
            for at in range(1, 0 if plain.broken else plain.commands + 1):
                always, others, slow = self._faults(script)
                chosen = [*always, *chance.sample(others, min(profile.faults, len(others)))]
                yield from ((replace(script, fault=name, at=at), place / len(asked)) for name in chosen)
                costly += [replace(script, fault=name, at=at) for name in slow]
        for case in islice(_kinds_in_turn(chance.sample(costly, len(costly))), profile.costly):
            if time.monotonic() > until:
                return
            yield case, 1.0

    def _faults(self, script: FaultCase) -> tuple[list[str], list[str], list[str]]:
        """What can befall a command of this script: always tried, tried as the profile says, and slow."""
        found = possible(self._ground.harness, self._capabilities)
        if any(isinstance(step, Wait) for step in script.steps):
            for name in ("full", "killed"):
                found.pop(name, None)  # what it waits for has to be stored
        always = [name for name in found if name in ALWAYS]
        slow = [name for name, fault in found.items() if fault.costly]
        return always, [name for name in found if name not in (*always, *slow)], slow

    def _count(self, swept: SweepResult[FaultCase], case: FaultCase, played: Played, rules: Collection[str]) -> None:
        swept.cases += 1
        if played.broken is None and case.fault:
            swept.coverage.update(_coverage_labels(case.fault, played.struck_in))
        elif played.broken is not None and played.broken.rule in rules and swept.broken is None:
            swept.case, swept.broken = self._smallest(case, played.broken)

    def play(self, case: FaultCase) -> Played:
        """Play one case. One whose answers never come is played again with more time before it counts."""
        if case.fault not in SILENT:
            return self._ground.run(self._play(case, Proxy()))
        played = self._ground.run(self._play(case, Proxy(TIMEOUTS[0])))
        if played.broken is None and played.struck_in:
            return played
        return self._ground.run(self._play(case, Proxy(TIMEOUTS[1])))

    async def _play(self, case: FaultCase, way: Proxy) -> Played:
        async with way as proxy:
            env = self._ground.env()
            play = CaseRun(env, case, proxy)
            try:
                broken = await _judged(env, play, case)
            finally:
                await env.close()
        return Played(env, play.commands, play.struck_in, broken)

    # What is told of it.

    def told(self, case: FaultCase, target: str) -> tuple[str, str, RuleViolation | None]:
        """Play one case: its code, its timeline, and what it broke."""
        played = self.play(case)
        return as_script(case, target), as_timeline(played.env.trace), played.broken

    def failure(self, case: FaultCase, broken: RuleViolation, target: str) -> Failure:
        """Play it once more, and write down its steps."""
        played = self.play(case)
        trace = played.env.trace
        return Failure(
            seen=(played.broken or broken).observed,
            tier="the wire: a store behind a proxy",
            program=as_script(case, target),
            timeline=as_timeline(trace),
            story=as_story(trace),
            replay=f"--replay {token(case)}",
            shows_in=played.struck_in,
        )

    def _smallest(self, case: FaultCase, broken: RuleViolation) -> tuple[FaultCase, RuleViolation]:
        """Without the steps, and with the earliest command, that it does not take."""
        until = time.monotonic() + self._ground.profile.shrinking
        smaller = True
        while smaller and time.monotonic() < until:
            smaller = False
            for candidate in _smaller(case):
                again = self.play(candidate).broken
                if again is not None and again.rule == broken.rule:
                    case, broken, smaller = candidate, again, True
                    break
        return case, broken


async def _judged(env: Env, play: CaseRun, case: FaultCase) -> RuleViolation | None:
    try:
        await play.play()
    except RuleViolation as broken:
        return broken
    except BackendUnavailable:  # to a client that nothing befell: a busy machine, and no finding
        play.struck_in = ""
        return None
    found = find_contradiction(env, play.did)
    return None if found is None else attribute(case.fault, play.did, *found)


def _concerns(script: FaultCase, rules: Collection[str]) -> bool:
    """Whether a fault in this script can say something of these rules."""
    labels = [JUDGES[id] for id in rules if id in JUDGES]
    verbs = {verb_of(step) for step in script.steps if getattr(step, "client", OBSERVER) == VICTIM}
    return any(" in " not in label or label.rpartition(" ")[2] in {*verbs, "verb"} for label in labels)


def _kinds_in_turn(cases: Sequence[FaultCase]) -> Iterator[FaultCase]:
    """One of each kind of fault, then the next of each: a few of them are a few of all kinds."""
    kinds: dict[str, list[FaultCase]] = {}
    for case in cases:
        kinds.setdefault(case.fault, []).append(case)
    for turn in zip_longest(*(kinds[name] for name in sorted(kinds))):
        yield from (case for case in turn if case is not None)


def _smaller(case: FaultCase) -> Iterator[FaultCase]:
    for place in range(len(case.steps)):
        for at in range(1, case.at + 1):
            yield replace(case, steps=[*case.steps[:place], *case.steps[place + 1 :]], at=at)
    if case.unconnected:
        yield from (replace(case, unconnected=False, at=at) for at in range(1, case.at + 1))


def _coverage_labels(fault: str, verb: str) -> Iterator[str]:
    if verb:
        yield from (ANY, f"a fault in {verb}", f"{fault} in {verb}")
        if fault in MAY_LOSE_A_REPLY:
            yield "a repeat"
        if fault in SILENT:
            yield "a silence"
