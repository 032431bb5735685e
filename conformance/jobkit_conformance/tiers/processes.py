"""The processes: real producers and workers over a real store, killed, stopped, cut off, and judged from their log."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from jobkit_conformance.check_runner import traceback_lines
from jobkit_conformance.checkers.processes import RULES
from jobkit_conformance.processes import orchestrator, plan, report, timeline_data
from jobkit_conformance.processes.backend_system import BackendSystem
from jobkit_conformance.processes.coverage import REQUIRED_LABELS
from jobkit_conformance.processes.plan import EVERYWHERE, Abilities, Plan
from jobkit_conformance.processes.process_manager import DoesNotRun
from jobkit_conformance.processes.run_record import Violation
from jobkit_conformance.processes.system import SystemHarness
from jobkit_conformance.processes.tier import Found, Played, Search
from jobkit_conformance.reports.report import Failure, Finding
from jobkit_conformance.results import Results
from jobkit_conformance.run_context import RunContext
from jobkit_conformance.tiers.task import TierTask
from jobkit_conformance.verdicts import Verdict
from jobkit_conformance.violations import RuleViolation

LEASE: Final = 1.0
"""Seconds; what leans on time is looked at again with three times as much."""
TIER: Final = "the processes"
PER_PLAY: Final = 8.0
"""Seconds that a play takes, roughly."""


def tasks(ground: RunContext, ledger: Results) -> Iterator[TierTask]:
    """One part, where other processes can use the store."""
    rules = frozenset(id for id in RULES if ledger.wanted(id))
    count = ground.profile.plays
    if rules and count and ground.harness.offers("store_url") and not ground.unmet_needs("shared", "inspect"):
        words = f"producers and workers as processes, {count} plays"
        yield TierTask(words, rules, count * PER_PLAY, lambda: _play(ground, ledger))


def replay(ground: RunContext, plan: Plan) -> tuple[str, str, RuleViolation | None]:
    """Play one plan: its words, its timeline, and what it broke."""
    played = ground.run(_PlanRunner(ground).play(plan))
    seen = played.seen(RULES)
    broken = RuleViolation(seen.rule, seen.words) if seen is not None else None
    return report.as_plan(plan), report.as_timeline(played.events, seen or Violation("", "")), broken


class _PlanRunner:
    """Plays over the harness' backend, each with the leases that its plan says."""

    def __init__(self, ground: RunContext) -> None:
        self._ground = ground

    def system(self, lease: float) -> BackendSystem:
        return BackendSystem(self._ground.harness, self._ground.namespace(), lease)

    async def play(self, plan: Plan) -> Played:
        system = self.system(plan.lease)
        system.grace = plan.grace
        try:
            events = await orchestrator.play(system, plan)
        finally:
            await system.end()
        return Played(plan, events, system.declared)

    def means(self) -> Abilities:
        """Order is judged from what is granted, so it needs no play of its own."""
        return replace(means_of(self.system(LEASE), LEASE), order=False)


def means_of(system: SystemHarness, lease: float) -> Abilities:
    """What can be done with a system."""
    declared = system.declared
    faults = set(EVERYWHERE) if declared.grace is not None else set(EVERYWHERE) - {"term", "term, term"}
    if system.store() is not None:
        faults.add("hole")
    if declared.durable and system.offers("kill") and system.offers("restart"):
        faults.add("restart")
    faults |= {fault for fault, hook in (("cut", "cut"), ("full", "fill")) if system.offers(hook)}
    hows = {"kills"} if declared.attempts is not None else set[str]()
    return Abilities(frozenset(faults), lease, declared.slack, frozenset(hows), declared.delay, declared.order)


def _play(ground: RunContext, ledger: Results) -> None:
    ids = [id for id in RULES if ledger.wanted(id) and not ground.unmet_needs(*ledger.findings[id].rule.needs)]
    if not ids or ledger.are_settled(ids):
        return
    runner, begun = _PlanRunner(ground), time.monotonic()
    profile, findings = ground.profile, [ledger.findings[id] for id in ids]
    search = Search(runner.play, runner.means(), profile.shrinking)
    try:
        sought = ledger.target_rules & frozenset(ids)
        found = ground.run(search.search(ground.seed, profile.plays, profile.seconds, sought, ground.tell))
    except DoesNotRun as error:
        ledger.failed(findings, TIER, error)
        return
    except Exception as error:  # noqa: BLE001
        ledger.failed(findings, f"{TIER}\n{traceback_lines(error)}", error)
        return
    record(ledger, findings, found, begun)


def record(ledger: Results, findings: Sequence[Finding], found: Found, begun: float) -> None:
    """Say of each rule what the plays say: kept only where its coverage label was reached."""
    for finding in findings:
        label = REQUIRED_LABELS[finding.rule.id]
        if found.coverage[label]:
            ledger.count(finding, found.cases, begun, share=len(findings))
            finding.coverage[label] += found.coverage[label]
            ledger.record(finding.rule.id, Verdict.KEPT)
        if finding.rule.id in found.doubts:
            seen = found.doubts[finding.rule.id]
            finding.note = f"{seen}: seen once, and not again with three times the time, as on a machine that is busy"
    if (failure := _failure(found)) is not None and found.seen is not None:
        ledger.broken(found.seen.rule, failure)


def _failure(found: Found) -> Failure | None:
    """How a rule was broken, in the smallest play that shows it."""
    if found.seen is None or found.played is None:
        return None
    return Failure(
        seen=found.seen.words,
        tier=TIER,
        program=report.as_plan(found.played.plan),
        timeline=report.as_timeline(found.played.events, found.seen),
        story=timeline_data.as_story(found.played.events, found.seen),
        replay=f"--replay {plan.token(found.played.plan)}",
        shows_in="" if found.seen.worker else "process",
    )
