"""The examples: a few short programs a rule, played in order until one shows that it is broken."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from functools import partial

from jobkit_conformance.applicability import verdict_without
from jobkit_conformance.check_runner import judge
from jobkit_conformance.checks import EXAMPLES, Example
from jobkit_conformance.reports.report import Finding
from jobkit_conformance.results import Ledger
from jobkit_conformance.run_context import Ground
from jobkit_conformance.tiers.task import Part


def parts(ground: Ground, ledger: Ledger, unrefused: Iterable[str]) -> Iterator[Part]:
    """A part a rule. ``unrefused``: the options that are not claimed and were accepted all the same."""
    for id, finding in ledger.findings.items():
        if ledger.wanted(id):
            play = partial(_play, ground, ledger, tuple(unrefused), finding)
            yield Part(f"{id}  {finding.rule.sentence}", frozenset({id}), _weight(id), play)


def _play(ground: Ground, ledger: Ledger, unrefused: Iterable[str], finding: Finding) -> None:
    rule = finding.rule
    missing = ground.lacks(*rule.needs)
    if missing:
        verdict, finding.note = verdict_without(missing, unrefused)
        ledger.say(rule.id, verdict)
        return
    for example in EXAMPLES.get(rule.id, []):
        if ledger.is_broken(rule.id):
            return  # one program is enough
        if not ground.lacks(*example.needs):
            _play_one(ground, ledger, example, finding)


def _play_one(ground: Ground, ledger: Ledger, example: Example, finding: Finding) -> None:
    begun = time.monotonic()
    result = ground.go(judge(example, ground.stage(example.rule), ground.target))
    ledger.played(finding, 1, begun)
    finding.note = finding.note or result.note
    finding.failure = finding.failure or result.failure
    ledger.say(example.rule, result.verdict)


def _weight(id: str) -> float:
    """Seconds that the examples of a rule take, roughly: those with workers or waits live in real time."""
    return {"W": 0.5, "R": 0.3, "D": 0.3, "G": 0.2}.get(id[0], 0.05)
