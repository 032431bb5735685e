"""A run over a queue that is no backend of jobkit's: the process tier alone, each rule as far as it is declared."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

from jobkit_conformance.check_runner import traceback_lines
from jobkit_conformance.checkers.processes import RULES
from jobkit_conformance.processes import orchestrator, report
from jobkit_conformance.processes.plan import Plan
from jobkit_conformance.processes.process_manager import DoesNotRun
from jobkit_conformance.processes.run_record import Violation
from jobkit_conformance.processes.system import Declared, SystemHarness
from jobkit_conformance.processes.tier import Played, Search
from jobkit_conformance.profiles import Profile
from jobkit_conformance.reports.report import Report
from jobkit_conformance.results import Results
from jobkit_conformance.tiers.processes import LEASE, TIER, means_of, record
from jobkit_conformance.verdicts import Verdict
from jobkit_conformance.violations import RuleViolation

DECLARED: Final[dict[str, Callable[[Declared], bool]]] = {
    "E8": lambda _: True,
    "W1": lambda _: True,
    "W2": lambda _: True,
    "W12": lambda _: True,
    "W9": lambda _: True,
    "W4": lambda declared: declared.attempts is not None,
    "W7": lambda declared: declared.grace is not None,
    "T1": lambda declared: declared.delay,
    "O1": lambda declared: declared.order,
    "R4": lambda declared: declared.lease is not None,
    "L1": lambda declared: declared.lease is not None,
    "D1": lambda declared: declared.durable,
}
"""By rule, whether a queue declares it; the others speak of verbs that only a backend of jobkit's has."""


class SystemRun:
    """One run; ``rules`` restricts it to some."""

    def __init__(self, system: SystemHarness, profile: Profile, seed: int, rules: frozenset[str] = frozenset()) -> None:
        self._system = system
        self._profile = profile
        self._seed = seed
        self._ledger = Results(rules)
        self._means = means_of(system, system.declared.lease or LEASE)

    def expect(self, known: frozenset[str]) -> None:
        """These rules are known to be broken: no search stops where one of them is."""
        self._ledger.known = known

    def run(self, target: str, progress: Callable[[str, float], None] = lambda _words, _share: None) -> Report:
        """Play, and report."""
        begun = time.monotonic()
        asked = [id for id in DECLARED if self._ledger.wanted(id)]
        judged = [id for id in asked if DECLARED[id](self._system.declared)]
        for id in RULES | frozenset(self._ledger.findings):
            if self._ledger.wanted(id) and id not in judged:
                self._ledger.findings[id].note = "not declared" if id in asked else "asked of backends of jobkit's only"
                self._ledger.record(id, Verdict.OUT_OF_SCOPE)
        self._judge(judged, lambda share: progress(f"{self._profile.plays} plays", share))
        return Report(
            target=target,
            backend=self._system.describe(),
            capabilities=None,
            clock="real",
            profile=self._profile.name,
            seed=self._seed,
            findings={id: self._ledger.finding(id) for id in self._ledger.findings},
            seconds=time.monotonic() - begun,
            asked=self._ledger.asked,
            worker_counts=True,
        )

    def replay(self, plan: Plan, target: str) -> tuple[str, str, RuleViolation | None]:
        """Play one plan: its words, its timeline, and what it broke."""
        played = asyncio.run(self._play(plan))
        seen = played.seen(frozenset(DECLARED))
        broken = RuleViolation(seen.rule, seen.words) if seen is not None else None
        return report.as_plan(plan), report.as_timeline(played.events, seen or Violation("", "")), broken

    async def _play(self, plan: Plan) -> Played:
        return Played(plan, await orchestrator.play(self._system, plan), self._system.declared)

    def _judge(self, judged: list[str], tell: Callable[[float], None]) -> None:
        begun, findings = time.monotonic(), [self._ledger.findings[id] for id in judged]
        sought = self._ledger.target_rules & frozenset(judged)
        search = Search(self._play, self._means, self._profile.shrinking, patient=False)
        try:
            found = asyncio.run(search.search(self._seed, self._profile.plays, self._profile.seconds, sought, tell))
        except DoesNotRun as error:
            self._ledger.failed(findings, TIER, error)
            return
        except Exception as error:  # noqa: BLE001
            self._ledger.failed(findings, f"{TIER}\n{traceback_lines(error)}", error)
            return
        record(self._ledger, findings, found, begun)
        for finding in findings:
            if self._ledger.finding(finding.rule.id).verdict is Verdict.NOT_RUN:
                finding.note = "never came about"
                self._ledger.record(finding.rule.id, Verdict.NOT_EXERCISED)
