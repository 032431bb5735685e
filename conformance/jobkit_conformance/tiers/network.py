"""The wire: a real store behind a proxy that lets each command of each verb, and of a worker, go wrong in each way."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jobkit_conformance.catalogue import BY_ID
from jobkit_conformance.network import tier as sweeping
from jobkit_conformance.network import worker_tier
from jobkit_conformance.network.case import FaultCase
from jobkit_conformance.network.sweep_result import SweepResult
from jobkit_conformance.network.tier import Sweep
from jobkit_conformance.network.worker_case import WorkerFaultCase
from jobkit_conformance.network.worker_tier import WorkerSweep
from jobkit_conformance.reports.report import Failure
from jobkit_conformance.results import Results
from jobkit_conformance.run_context import RunContext
from jobkit_conformance.tiers.task import TierTask
from jobkit_conformance.verdicts import Verdict
from jobkit_conformance.violations import RuleViolation


def tasks(ground: RunContext, ledger: Results) -> Iterator[TierTask]:
    """One part for the verbs and one for workers, where the harness lets a client through a proxy."""
    if ground.unmet_needs("hook:through", "clock"):
        return
    verbs = frozenset(id for id in sweeping.JUDGES if ledger.wanted(id))
    if verbs:
        yield TierTask("every command, behind a proxy", verbs, 5, lambda: _play_verbs(ground, ledger))
    workers = frozenset(id for id in worker_tier.JUDGES if ledger.wanted(id))
    if workers and not ground.unmet_needs("inspect"):
        count = ground.profile.workers
        yield TierTask(
            f"a worker behind a proxy, {count} cases", workers, count / 2, lambda: _play_workers(ground, ledger)
        )


def replay(ground: RunContext, case: FaultCase | WorkerFaultCase) -> tuple[str, str, RuleViolation | None]:
    """Play one case: its code, its timeline, and what it broke."""
    if isinstance(case, WorkerFaultCase):
        return WorkerSweep(ground).told(case)
    return Sweep(ground).told(case, ground.target)


def _play_verbs(ground: RunContext, ledger: Results) -> None:
    sweep = Sweep(ground)

    def play() -> tuple[SweepResult[FaultCase], Failure | None]:
        found = sweep.search(ledger.target_rules, ground.tell)
        told = sweep.failure(found.case, found.broken, ground.target) if found.case and found.broken else None
        return found, told

    _write_down(ground, ledger, sweeping.JUDGES, "the wire", play)


def _play_workers(ground: RunContext, ledger: Results) -> None:
    sweep = WorkerSweep(ground)

    def play() -> tuple[SweepResult[WorkerFaultCase], Failure | None]:
        found = sweep.search(ledger.target_rules, ground.tell)
        return found, sweep.failure(found.case, found.broken) if found.case and found.broken else None

    _write_down(ground, ledger, worker_tier.JUDGES, "a worker behind a proxy", play)


def _judged(ground: RunContext, ledger: Results, judges: Mapping[str, str]) -> list[str]:
    """Those of which a sweep can say something: it brings the faults itself, so it needs no other hook."""
    return [
        id
        for id in judges
        if ledger.wanted(id) and all(need.startswith("hook:") for need in ground.unmet_needs(*BY_ID[id].needs))
    ]


def _write_down(
    ground: RunContext,
    ledger: Results,
    judges: Mapping[str, str],
    tier: str,
    play: Callable[[], tuple[SweepResult[Any], Failure | None]],
) -> None:
    """Play, and say of each rule what that comes to."""
    ids = _judged(ground, ledger, judges)
    if not ids or ledger.are_settled(ids):
        return
    begun = time.monotonic()
    try:
        found, failure = play()
    except Exception as error:  # noqa: BLE001
        ledger.failed([ledger.findings[id] for id in ids], tier, error)
        return
    for id in ids:
        finding, label = ledger.findings[id], judges[id]
        if found.coverage[label]:
            ledger.count(finding, found.cases, begun, share=len(ids))
            finding.coverage[label] += found.coverage[label]
            ledger.record(id, Verdict.KEPT)
    if found.broken is not None and failure is not None:
        ledger.broken(found.broken.rule, failure)
