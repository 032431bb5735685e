"""Profiles that try little: for tests of the kit, where every run has one question."""

from __future__ import annotations

from dataclasses import replace

from jobkit_conformance.harness import BackendHarness
from jobkit_conformance.profiles import PROFILES, Profile
from jobkit_conformance.reports.report import Report
from jobkit_conformance.runner import Run

SWIFT = replace(PROFILES["quick"], programs=40, shrinking=3, jobs=50, backlog=10_000, patience=2.0)
"""``backlog``: what grows with it has grown sevenfold then, which no noise makes look like twice as much."""

TINY = replace(SWIFT, programs=10, scenarios=20, shifts=5)
"""For tests of what a run shows, whatever it tried."""


def run(harness: BackendHarness, *rules: str, seed: int = 1, profile: Profile = SWIFT) -> Report:
    """Run these rules, or all, over a backend."""
    try:
        return Run(harness, profile, seed, frozenset(rules)).run("the target")
    finally:
        harness.close()
