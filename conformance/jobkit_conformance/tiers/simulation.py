"""The simulations: several clients, or several workers, on a loop whose order and time are decided."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial

from jobkit_conformance.results import Results
from jobkit_conformance.run_context import RunContext
from jobkit_conformance.scenario import Scenario, StartWorker
from jobkit_conformance.simulation.tier import Simulation, can_simulate, judged
from jobkit_conformance.simulation.workloads import CLIENTS, WORKERS, WORKLOADS, Workload
from jobkit_conformance.tiers.task import TierTask
from jobkit_conformance.verdicts import Verdict
from jobkit_conformance.violations import RuleViolation


def tasks(ground: RunContext, ledger: Results) -> Iterator[TierTask]:
    """A part a cast, where the backend can be simulated."""
    for cast in WORKLOADS:
        rules = frozenset(id for id in cast.judges if ledger.wanted(id))
        if rules and can_simulate(ground.harness):
            count = cast.count(ground.profile)
            words = f"{cast.name} at once, {count} scenarios"
            yield TierTask(words, rules, count * cast.each, partial(_play, ground, ledger, cast))


def replay(ground: RunContext, scenario: Scenario) -> tuple[str, str, RuleViolation | None]:
    """Play one scenario: its code, its timeline, and what it broke."""
    works = any(isinstance(step, StartWorker) for script in scenario.scripts for step in script)
    return _simulation(ground, WORKERS if works else CLIENTS).told(scenario, ground.target)


def _simulation(ground: RunContext, cast: Workload) -> Simulation:
    return Simulation(ground.harness, ground.capabilities, ground.namespace(), cast)


def _play(ground: RunContext, ledger: Results, cast: Workload) -> None:
    ids = [id for id in judged(ground.harness, ground.capabilities, cast) if ledger.wanted(id)]
    if not ids or ledger.are_settled(ids):
        return
    simulation, begun = _simulation(ground, cast), time.monotonic()
    findings = [ledger.findings[id] for id in ids]
    try:
        found = simulation.search(ground.seed, ground.profile, ledger.target_rules, ground.tell)
    except Exception as error:  # noqa: BLE001
        ledger.failed(findings, f"the simulation of {cast.name}", error)
        return
    for finding in findings:
        label = cast.judges[finding.rule.id]
        if found.coverage[label]:
            ledger.count(finding, found.cases, begun, share=len(findings))
            finding.coverage[label] += found.coverage[label]
            ledger.record(finding.rule.id, Verdict.KEPT)
    if found.broken is not None and found.scenario is not None:
        ledger.broken(found.broken.rule, simulation.failure(found.scenario, ground.target))
