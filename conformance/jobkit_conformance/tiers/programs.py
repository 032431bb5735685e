"""The machines: programs drawn at random, judged by the model, shrunk when they break something."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from functools import partial
from itertools import chain
from typing import Final

from jobkit_conformance.check_runner import is_asked_to_end, traceback_lines
from jobkit_conformance.env import Env
from jobkit_conformance.generators import MACHINES, Generator
from jobkit_conformance.model_runner import CLIENTS, ModelRunner
from jobkit_conformance.operations import Program, token
from jobkit_conformance.render.codegen import program_source
from jobkit_conformance.render.timeline import as_timeline
from jobkit_conformance.render.timeline_data import as_story
from jobkit_conformance.reports.report import Failure, Finding
from jobkit_conformance.results import Results
from jobkit_conformance.run_context import RunContext
from jobkit_conformance.search import Search, search
from jobkit_conformance.tiers.task import TierTask
from jobkit_conformance.verdicts import Verdict
from jobkit_conformance.violations import Inconclusive, RuleViolation


def tasks(ground: RunContext, ledger: Results) -> Iterator[TierTask]:
    """A part a machine that judges something that is asked for."""
    programs = ground.profile.programs
    for machine in MACHINES:
        judged = frozenset(id for id in machine.rules if ledger.wanted(id))
        if judged:
            words = f"the machine {machine.name!r}, {programs} programs"
            yield TierTask(words, judged, programs / 100, partial(_play, ground, ledger, machine))


def replay(ground: RunContext, program: Program) -> tuple[str, str, RuleViolation | None]:
    """Play one program: its code, its timeline, and what it broke."""
    env, broken = ground.run(_replay(ground, program))
    return program_source(env.trace, ground.target), as_timeline(env.trace), broken


def _play(ground: RunContext, ledger: Results, machine: Generator) -> None:
    if ground.unmet_needs("clock") or ledger.are_settled(machine.rules):
        return
    wanted = [ledger.findings[id] for id in machine.rules if ledger.wanted(id)]
    judged = [finding for finding in wanted if not ground.unmet_needs(*finding.rule.needs)]
    if not judged:
        return
    gates = {finding.rule.id: machine.required_coverage(finding.rule.id, ground.capabilities) for finding in judged}
    begun = time.monotonic()
    try:
        found = _search(ground, ledger, machine, list(chain(*gates.values())))
    except Exception as error:  # noqa: BLE001
        ledger.failed(judged, f"the machine {machine.name!r}", error)
        return
    for finding in judged:
        reached = gates[finding.rule.id]
        ledger.count(finding, found.cases, begun, share=len(judged))
        finding.coverage.update({name: found.coverage[name] for name in reached})
        ledger.record(finding.rule.id, _reached(found, reached, finding))
        if finding.rule.id in found.unconfirmed:
            ledger.record(finding.rule.id, Verdict.UNKNOWN)
            finding.note = (
                f"seen once, and not again, as on a machine that stood still: {found.unconfirmed[finding.rule.id]}"
            )
    if found.broken is not None:
        ledger.broken(found.broken.rule, _failure(ground, machine, found, found.broken))


def _search(ground: RunContext, ledger: Results, machine: Generator, gates: list[str]) -> Search:
    """Draw programs; where one breaks what is known to be broken, keep it, and go on without that rule."""
    draws = _Draws(ground)
    found = search(draws.play, machine, ground.capabilities, ground.profile, ground.seed, gates, ledger.asked)
    if found.broken is not None and found.broken.rule in ledger.known:
        ledger.broken(found.broken.rule, _failure(ground, machine, found, found.broken))
        if ledger.target_rules & machine.rules.keys():
            return search(
                draws.play, machine, ground.capabilities, ground.profile, ground.seed, gates, ledger.target_rules
            )
    return found


class _Draws:
    """Plays what is drawn, and tells how far the drawing is."""

    def __init__(self, ground: RunContext) -> None:
        self._ground = ground
        self._count = 0

    def play(self, program: Program) -> ModelRunner:
        self._count += 1
        self._ground.tell(min(self._count / self._ground.profile.programs, 1.0))
        return self._ground.run(self._ground.with_env(lambda env: _perform(env, program)))


def _failure(ground: RunContext, machine: Generator, found: Search, broken: RuleViolation) -> Failure:
    """Play the smallest program once more, to write down its steps."""
    program = Program(machine.name, found.steps)
    env, again = ground.run(_replay(ground, program))
    calls = list(env.trace.calls)
    return Failure(
        seen=again.observed if again is not None and again.rule == broken.rule else broken.observed,
        tier=f"the machine {machine.name!r}",
        program=program_source(env.trace, ground.target),
        timeline=as_timeline(env.trace),
        story=as_story(env.trace),
        replay=f"--replay {token(program)}",
        shows_in=calls[-1].verb if calls else "",
    )


async def _replay(ground: RunContext, program: Program) -> tuple[Env, RuleViolation | None]:
    env = ground.env()
    try:
        await _perform(env, program)
    except RuleViolation as broken:
        return env, broken
    finally:
        await env.close()
    return env, None


_WORKS: Final = {
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


async def _perform(env: Env, program: Program) -> ModelRunner:
    player = ModelRunner(env, await env.clients(CLIENTS))
    try:
        await player.play(program)
    except RuleViolation as broken:
        broken.coverage = dict(player.coverage)
        raise
    except Inconclusive:
        raise
    except (Exception, asyncio.CancelledError) as error:
        if is_asked_to_end():
            raise
        call = next((call for call in env.trace.calls if call.raised is error), None)
        if call is None:
            raise
        raise RuleViolation(
            _WORKS[call.verb], f"{call.verb} raised {type(error).__name__}: {error}\n{traceback_lines(error)}"
        ) from error
    return player


def _reached(found: Search, gates: tuple[str, ...], finding: Finding) -> Verdict:
    missed = [name for name in gates if not found.coverage[name]]
    if not missed:
        return Verdict.KEPT
    if found.broken is not None:
        finding.note = f"the machine stopped where {found.broken.rule} was broken"
        return Verdict.UNKNOWN
    finding.note = f"never reached: {', '.join(missed)}"
    return Verdict.UNKNOWN if found.ran_out else Verdict.NOT_EXERCISED
