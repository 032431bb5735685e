"""Runs everything there is over one backend, and says of every rule what was found."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any, TypeVar

from jobkit.backend import Capabilities
from jobkit_conformance import preflight, refusals
from jobkit_conformance.broken import Broken, NotReached
from jobkit_conformance.catalogue import UNCHECKED
from jobkit_conformance.code import as_program
from jobkit_conformance.examples import EXAMPLES, Example
from jobkit_conformance.harness import BackendHarness
from jobkit_conformance.judging import is_asked_to_end, judge, place
from jobkit_conformance.machines import MACHINES, Machine
from jobkit_conformance.player import CLIENTS, Player
from jobkit_conformance.profiles import Profile
from jobkit_conformance.program import Program, token
from jobkit_conformance.report import Failure, Finding, Report, blank
from jobkit_conformance.scope import unmet, verdict_without
from jobkit_conformance.search import Search, search
from jobkit_conformance.simulation import searching
from jobkit_conformance.simulation.scenario import Scenario
from jobkit_conformance.stage import Stage
from jobkit_conformance.story import as_story
from jobkit_conformance.timeline import as_timeline
from jobkit_conformance.undisturbed import undisturbed
from jobkit_conformance.verdicts import Verdict, together

T = TypeVar("T")

Progress = Callable[[str, float], None]
"""Hears what is played next, and what share of the run's time is likely over."""


@dataclass(frozen=True)
class Part:
    """Something that is played once in a run, and judges these rules. ``weight``: seconds that it takes, roughly."""

    words: str
    judges: frozenset[str]
    weight: float
    play: Callable[[], None]


class Run:
    """One run; ``rules`` restricts it to some."""

    def __init__(
        self, harness: BackendHarness, profile: Profile, seed: int, rules: frozenset[str] = frozenset()
    ) -> None:
        self.harness = harness
        self.profile = profile
        self.seed = seed
        self._rules = rules
        self._runner = asyncio.Runner()
        self._plays = 0
        self.known: frozenset[str] = frozenset()
        """Rules that are known to be broken: no machine stops where one of them is."""
        self._drawn = 0
        self._tell: Callable[[float], None] = lambda _within: None
        """Hears what share of the part that is played is over."""
        self._target = ""
        self._unsound = ""
        self._capabilities: Capabilities | None = None
        self._unrefused: dict[str, str] = {}
        self.findings = blank()
        self._verdicts: dict[str, list[Verdict]] = {}

    def run(self, target: str, progress: Progress = lambda _words, _share: None) -> Report:
        """Play everything there is, and report."""
        begun = time.monotonic()
        with undisturbed(), self._runner:
            progress("is the harness sound?", 0.0)
            self.begin(target)
            parts = self.parts()
            total, over = sum(part.weight for part in parts), 0.0
            for part in parts:
                self._tell = partial(_within, progress, part.words, over / total, part.weight / total)
                self._tell(0.0)
                part.play()
                over += part.weight
        return self.report(time.monotonic() - begun)

    def begin(self, target: str) -> str:
        """See whether the harness is sound; if not, why, and then there is nothing to play."""
        self._target = target
        self._unsound = self._preflight()
        return self._unsound

    def finding(self, id: str) -> Finding:
        """What all that was played so far says of a rule."""
        finding = self.findings[id]
        finding.verdict = together(self._verdicts.get(id, ()))
        if finding.verdict is Verdict.NOT_RUN and id in UNCHECKED:
            finding.note = UNCHECKED[id]
        return finding

    def report(self, seconds: float) -> Report:
        """What all that was played so far comes to."""
        for id in self.findings:
            self.finding(id)
        return Report(
            target=self._target,
            backend=self.harness.describe(),
            capabilities=self._capabilities,
            clock=self.harness.clock_mode,
            profile=self.profile.name,
            seed=self.seed,
            findings=self.findings,
            seconds=seconds,
            accepted_unclaimed=tuple(self._unrefused),
            unsound=self._unsound,
            asked=self._rules,
            worker_counts=self.harness.worker_counts,
        )

    def close(self) -> None:
        """End the event loop, where parts were played one by one."""
        self._runner.close()

    @property
    def capabilities(self) -> Capabilities:
        if self._capabilities is None:
            raise RuntimeError("the preflight reads them first")
        return self._capabilities

    def parts(self) -> list[Part]:
        """All that there is to play, in order; nothing, where the harness is not sound."""
        parts = [
            Part(f"{id}  {finding.rule.sentence}", frozenset({id}), _weight(id), partial(self._examples, finding))
            for id, finding in self.findings.items()
            if self._wanted(id)
        ]
        for machine in MACHINES:
            judged = frozenset(id for id in machine.judges if self._wanted(id))
            if judged:
                words = f"the machine {machine.name!r}, {self.profile.programs} programs"
                parts.append(Part(words, judged, self.profile.programs / 100, partial(self._machine, machine)))
        simulated = frozenset(id for id in searching.JUDGES if self._wanted(id))
        if simulated and searching.can_simulate(self.harness):
            count = self.profile.scenarios
            words = f"several clients at once, {count} scenarios"
            parts.append(Part(words, simulated, count / 400, self._simulate))
        return [] if self._unsound else parts

    def _wanted(self, id: str) -> bool:
        return not self._rules or id in self._rules

    def _is_settled(self, id: str) -> bool:
        """Of a few rules that were asked for, one that an example has broken needs no search."""
        return bool(self._rules) and Verdict.BROKEN in self._verdicts.get(id, ())

    def _go(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(coroutine)

    def _namespace(self) -> str:
        self._plays += 1
        return f"kit-{os.getpid()}-{self._plays}"

    def _stage(self, rule: str = "") -> Stage:
        return Stage(self.harness, self._namespace(), self.capabilities, rule, self.profile, self.seed)

    # Before the rules.

    def _preflight(self) -> str:
        """Why nothing can be judged, if so."""
        try:
            self._capabilities = self._go(preflight.capabilities(self.harness, self._namespace()))
            for check in (preflight.check, preflight.check_clock):
                self._go(self._on_a_stage(check))
            self._unrefused = self._go(self._on_a_stage(refusals.unrefused))
        except preflight.Unsound as unsound:
            return str(unsound)
        except Broken as broken:
            return broken.seen
        except Exception as error:  # noqa: BLE001
            return f"raised {type(error).__name__}: {error}\n{place(error)}"
        return ""

    async def _on_a_stage(self, check: Callable[[Stage], Coroutine[Any, Any, T]]) -> T:
        stage = self._stage()
        try:
            return await check(stage)
        finally:
            await stage.close()

    # Examples.

    def _examples(self, finding: Finding) -> None:
        missing = unmet(finding.rule.needs, self.capabilities, self.harness)
        if missing:
            verdict, finding.note = verdict_without(missing, self._unrefused)
            self._say(finding.rule.id, verdict)
            return
        for example in EXAMPLES.get(finding.rule.id, []):
            if Verdict.BROKEN in self._verdicts.get(finding.rule.id, ()):
                return  # one program is enough
            if not unmet(example.needs, self.capabilities, self.harness):
                self._example(example, finding)

    def _example(self, example: Example, finding: Finding) -> None:
        begun = time.monotonic()
        result = self._go(judge(example, self._stage(example.rule), self._target))
        finding.cases += 1
        finding.seconds += time.monotonic() - begun
        finding.note = finding.note or result.note
        finding.failure = finding.failure or result.failure
        self._say(example.rule, result.verdict)

    # Machines.

    def _machine(self, machine: Machine) -> None:
        if unmet(("clock",), self.capabilities, self.harness):
            return
        if all(self._is_settled(id) for id in machine.judges if self._wanted(id)):
            return
        judged = [finding for id in machine.judges if self._judges(finding := self.findings[id])]
        if not judged:
            return
        self._drawn = 0
        gates = {finding.rule.id: machine.gates(finding.rule.id, self.capabilities) for finding in judged}
        wanted = chain(*gates.values())
        begun = time.monotonic()
        try:
            found = self._search(machine, wanted)
        except Exception as error:  # noqa: BLE001
            for finding in judged:
                finding.failure = finding.failure or _error(f"the machine {machine.name!r}", error)
                self._say(finding.rule.id, Verdict.ERROR)
            return
        seconds = time.monotonic() - begun
        for finding in judged:
            reached = gates[finding.rule.id]
            finding.cases += found.cases
            finding.seconds += seconds / len(judged)
            finding.situations.update({name: found.situations[name] for name in reached})
            self._say(finding.rule.id, _reached(found, reached, finding))
        if found.broken is not None:
            self._keep_program(machine, found, found.broken)

    def _search(self, machine: Machine, gates: Iterable[str]) -> Search:
        """Draw programs; where one breaks what is known to be broken, keep it, and go on without that rule."""
        wanted, rules = list(gates), self._rules
        found = search(self._play_program, machine, self.capabilities, self.profile, self.seed, wanted, rules)
        if found.broken is not None and found.broken.rule in self.known:
            self._keep_program(machine, found, found.broken)
            others = (rules or frozenset(self.findings)) - self.known
            if others & machine.judges.keys():
                return search(self._play_program, machine, self.capabilities, self.profile, self.seed, wanted, others)
        return found

    def _judges(self, finding: Finding) -> bool:
        return self._wanted(finding.rule.id) and not unmet(finding.rule.needs, self.capabilities, self.harness)

    def _keep_program(self, machine: Machine, found: Search, broken: Broken) -> None:
        """Play the smallest program once more, to write down its steps."""
        finding = self.findings[broken.rule]
        self._say(broken.rule, Verdict.BROKEN)
        if finding.failure is None:
            program = Program(machine.name, found.steps)
            stage, again = self._go(self._replay(program))
            calls = list(stage.trace.calls)
            finding.failure = Failure(
                seen=(again or broken).seen,
                tier=f"the machine {machine.name!r}",
                program=as_program(stage.trace, self._target),
                timeline=as_timeline(stage.trace),
                story=as_story(stage.trace),
                replay=f"--replay {token(program)}",
                shows_in=calls[-1].verb if calls else "",
            )

    # Several clients at once.

    def _simulate(self) -> None:
        judged = [self.findings[id] for id in searching.judged(self.harness, self.capabilities) if self._wanted(id)]
        if all(self._is_settled(finding.rule.id) for finding in judged):
            return
        simulation = searching.Simulation(self.harness, self.capabilities, self._namespace())
        rules = (self._rules or frozenset(self.findings)) - self.known
        try:
            found = simulation.search(self.seed, self.profile, rules)
        except Exception as error:  # noqa: BLE001
            for finding in judged:
                finding.failure = finding.failure or _error("the simulation of several clients", error)
                self._say(finding.rule.id, Verdict.ERROR)
            return
        for finding in judged:
            situation = searching.JUDGES[finding.rule.id]
            if found.situations[situation]:
                finding.cases += found.cases
                finding.seconds += found.seconds / len(judged)
                finding.situations[situation] += found.situations[situation]
                self._say(finding.rule.id, Verdict.KEPT)
        if found.broken is not None and found.scenario is not None:
            broken = self.findings[found.broken.rule]
            self._say(broken.rule.id, Verdict.BROKEN)
            broken.failure = broken.failure or simulation.failure(found.scenario, self._target)

    def replay(self, program: Program | Scenario, target: str) -> tuple[str, str, Broken | None]:
        """Play one program, or one scenario of several clients: its code, its timeline, and what it broke."""
        self._target = target
        with undisturbed(), self._runner:
            self._capabilities = self._go(preflight.capabilities(self.harness, self._namespace()))
            if isinstance(program, Scenario):
                simulation = searching.Simulation(self.harness, self.capabilities, self._namespace())
                return simulation.told(program, target)
            stage, broken = self._go(self._replay(program))
        return as_program(stage.trace, target), as_timeline(stage.trace), broken

    async def _replay(self, program: Program) -> tuple[Stage, Broken | None]:
        stage = self._stage()
        try:
            await _play(stage, program)
        except Broken as broken:
            return stage, broken
        finally:
            await stage.close()
        return stage, None

    def _play_program(self, program: Program) -> Player:
        async def play(stage: Stage) -> Player:
            return await _play(stage, program)

        self._drawn += 1
        self._tell(min(self._drawn / self.profile.programs, 1.0))
        return self._go(self._on_a_stage(play))

    def _say(self, id: str, verdict: Verdict) -> None:
        self._verdicts.setdefault(id, []).append(verdict)


def _within(progress: Progress, words: str, over: float, weight: float, share: float) -> None:
    """Tell how far a part is, as a share of the whole."""
    progress(words, over + share * weight)


def _weight(id: str) -> float:
    """Seconds that the examples of a rule take, roughly: those with workers or waits live in real time."""
    return {"W": 0.5, "R": 0.3, "D": 0.3, "G": 0.2}.get(id[0], 0.05)


_WORKS = {
    "enqueue": "E8",
    "reserve": "R2",
    "settle": "S8",
    "extend": "L8",
    "cancel": "X1",
    "requeue": "S6",
    "delete": "I3",
    "get": "I1",
    "counts": "I1",
    "pause": "P1",
    "resume": "P1",
    "cell_get": "P3",
    "cell_set": "P3",
}
"""By verb, the rule that says that it answers."""


async def _play(stage: Stage, program: Program) -> Player:
    player = Player(stage, await stage.clients(CLIENTS))
    try:
        await player.play(program)
    except (Broken, NotReached):
        raise
    except (Exception, asyncio.CancelledError) as error:
        if is_asked_to_end():
            raise
        call = next((call for call in stage.trace.calls if call.raised is error), None)
        if call is None:
            raise
        raise Broken(
            _WORKS[call.verb], f"{call.verb} raised {type(error).__name__}: {error}\n{place(error)}"
        ) from error
    return player


def _reached(found: Search, gates: tuple[str, ...], finding: Finding) -> Verdict:
    missed = [name for name in gates if not found.situations[name]]
    if not missed:
        return Verdict.KEPT
    if found.broken is not None:
        finding.note = f"the machine stopped where {found.broken.rule} was broken"
        return Verdict.UNKNOWN
    finding.note = f"never reached: {', '.join(missed)}"
    return Verdict.UNKNOWN if found.ran_out else Verdict.NOT_EXERCISED


def _error(tier: str, error: Exception) -> Failure:
    return Failure(f"raised {type(error).__name__}: {error}\n{place(error)}", tier)
