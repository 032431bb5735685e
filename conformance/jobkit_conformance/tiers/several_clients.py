"""The simulation: several clients at once, on a loop whose order and time are decided."""

from __future__ import annotations

import time
from collections.abc import Iterator

from jobkit_conformance.broken import Broken
from jobkit_conformance.ground import Ground
from jobkit_conformance.ledger import Ledger
from jobkit_conformance.simulation.scenario import Scenario
from jobkit_conformance.simulation.searching import JUDGES, Simulation, can_simulate, judged
from jobkit_conformance.tiers.part import Part
from jobkit_conformance.verdicts import Verdict


def parts(ground: Ground, ledger: Ledger) -> Iterator[Part]:
    """One part, where the backend can be simulated."""
    rules = frozenset(id for id in JUDGES if ledger.wanted(id))
    if rules and can_simulate(ground.harness):
        count = ground.profile.scenarios
        yield Part(f"several clients at once, {count} scenarios", rules, count / 400, lambda: _play(ground, ledger))


def told(ground: Ground, scenario: Scenario) -> tuple[str, str, Broken | None]:
    """Play one scenario: its code, its timeline, and what it broke."""
    return _simulation(ground).told(scenario, ground.target)


def _simulation(ground: Ground) -> Simulation:
    return Simulation(ground.harness, ground.capabilities, ground.namespace())


def _play(ground: Ground, ledger: Ledger) -> None:
    ids = [id for id in judged(ground.harness, ground.capabilities) if ledger.wanted(id)]
    if not ids or ledger.are_settled(ids):
        return
    simulation, findings, begun = _simulation(ground), [ledger.findings[id] for id in ids], time.monotonic()
    try:
        found = simulation.search(ground.seed, ground.profile, ledger.sought, ground.tell)
    except Exception as error:  # noqa: BLE001
        ledger.failed(findings, "the simulation of several clients", error)
        return
    for finding in findings:
        situation = JUDGES[finding.rule.id]
        if found.situations[situation]:
            ledger.played(finding, found.cases, begun, share=len(findings))
            finding.situations[situation] += found.situations[situation]
            ledger.say(finding.rule.id, Verdict.KEPT)
    if found.broken is not None and found.scenario is not None:
        ledger.broken(found.broken.rule, simulation.failure(found.scenario, ground.target))
