"""The examples: a few short programs a rule, played in order until one shows that it is broken."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from functools import partial

from jobkit_conformance.applicability import verdict_when_unmet
from jobkit_conformance.check_runner import run_check
from jobkit_conformance.checks import EXAMPLES, Check
from jobkit_conformance.reports.report import Finding
from jobkit_conformance.results import Results
from jobkit_conformance.run_context import RunContext
from jobkit_conformance.tiers.task import TierTask


def tasks(ground: RunContext, ledger: Results, unrefused: Iterable[str]) -> Iterator[TierTask]:
    """A part a rule. ``unrefused``: the options that are not claimed and were accepted all the same."""
    for id, finding in ledger.findings.items():
        if ledger.wanted(id):
            play = partial(_play, ground, ledger, tuple(unrefused), finding)
            yield TierTask(f"{id}  {finding.rule.sentence}", frozenset({id}), _weight(id), play)


def _play(ground: RunContext, ledger: Results, unrefused: Iterable[str], finding: Finding) -> None:
    rule = finding.rule
    missing = ground.unmet_needs(*rule.needs)
    if missing:
        verdict, finding.note = verdict_when_unmet(missing, unrefused)
        ledger.record(rule.id, verdict)
        return
    for example in EXAMPLES.get(rule.id, []):
        if ledger.is_broken(rule.id):
            return  # one program is enough
        if not ground.unmet_needs(*example.needs):
            _play_one(ground, ledger, example, finding)


def _play_one(ground: RunContext, ledger: Results, example: Check, finding: Finding) -> None:
    begun = time.monotonic()
    result = ground.run(run_check(example, ground.env(example.rule), ground.target))
    ledger.count(finding, 1, begun)
    finding.note = finding.note or result.note
    finding.failure = finding.failure or result.failure
    ledger.record(example.rule, result.verdict)


def _weight(id: str) -> float:
    """Seconds that the examples of a rule take, roughly: those with workers or waits live in real time."""
    return {"W": 0.5, "R": 0.3, "D": 0.3, "G": 0.2}.get(id[0], 0.05)
