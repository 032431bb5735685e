"""A profile that tries little: for tests of the kit, where every run has one question."""

from __future__ import annotations

from dataclasses import replace

from jobkit_conformance.harness import BackendHarness
from jobkit_conformance.profiles import PROFILES
from jobkit_conformance.reports.report import Report
from jobkit_conformance.runner import Run

SWIFT = replace(PROFILES["quick"], programs=40, shrinking=3, jobs=50, backlog=10_000, patience=2.0)
"""``backlog``: what grows with it has grown sevenfold then, which no noise makes look like twice as much."""


def run(harness: BackendHarness, *rules: str, seed: int = 1) -> Report:
    """A swift run over a backend, of these rules or of all."""
    try:
        return Run(harness, SWIFT, seed, frozenset(rules)).run("the target")
    finally:
        harness.close()
