"""Producers and workers as processes: broken ones are told apart from honest ones, by their own rule."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

import pytest

import tests.broken
from jobkit_conformance import BackendHarness
from jobkit_conformance.profiles import PROFILES
from jobkit_conformance.reports.report import Report
from jobkit_conformance.runner import Run
from jobkit_conformance.tiers import processes
from jobkit_conformance.verdicts import Verdict

pytestmark = pytest.mark.realtime

MODULES = [import_module(f"tests.broken.{found.name}") for found in iter_modules(tests.broken.__path__)]
BROKEN = [module for module in MODULES if getattr(module, "TIER", "") == "processes"]


def run(harness: BackendHarness, *rules: str, plays: int, shrinking: float) -> Report:
    """These rules, by processes and by nothing else."""
    profile = replace(PROFILES["ci"], plays=plays, shrinking=shrinking)
    run = Run(harness, profile, 1, frozenset(rules))
    try:
        assert not run.begin("the target")
        for part in run.parts():
            if "as processes" in part.words:
                part.play()
        return run.report(0.0)
    finally:
        run.close()
        harness.close()


@pytest.mark.parametrize("module", BROKEN, ids=lambda module: module.__name__.rpartition(".")[2])
def test_broken_workers_are_killed_by_their_own_rule(module: ModuleType) -> None:
    finding = run(module.Harness(), module.RULE, plays=PROFILES["ci"].plays, shrinking=0).findings[module.RULE]
    assert finding.verdict is Verdict.BROKEN, finding.failure or finding.note
    assert finding.failure is not None
    assert finding.failure.tier == processes.TIER
    assert finding.failure.replay.startswith("--replay p-")
