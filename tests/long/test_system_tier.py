"""Any queue can be presented to the process tier: a toy that keeps what it declares, and one that does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jobkit_conformance.processes.system import SystemHarness
from jobkit_conformance.profiles import PROFILES
from jobkit_conformance.reports.report import Report
from jobkit_conformance.tiers.system import DECLARED, SystemRun
from jobkit_conformance.verdicts import Exit, Verdict
from tests.conformance.queues.harness import Forgetful, Silent

pytestmark = pytest.mark.realtime

ONE = replace(PROFILES["quick"], plays=1, shrinking=0.0)


def run(system: SystemHarness, *rules: str) -> Report:
    try:
        return SystemRun(system, ONE, 1, frozenset(rules)).run("toy")
    finally:
        system.close()


def test_a_queue_that_loses_what_a_killed_worker_had_is_told_so() -> None:
    report = run(Forgetful(), "W1", "R4", "L1")
    broken = [finding for finding in report.findings.values() if finding.verdict is Verdict.BROKEN]
    assert len(broken) == 1
    assert broken[0].failure is not None
    assert "SIGKILL" in broken[0].failure.timeline
    assert "SIGKILL to the worker" in broken[0].failure.program
    assert report.exit is Exit.BROKEN


def test_workers_that_can_t_be_started_are_the_harness_fault_and_say_what_they_printed() -> None:
    report = run(Silent(), "W1")
    assert report.exit is Exit.KIT_FAILED
    failure = report.findings["W1"].failure
    assert failure is not None
    assert "no such queue" in failure.seen


def test_what_is_asked_of_a_queue_is_in_the_catalogue() -> None:
    assert set(DECLARED) <= set(run(Silent(), "S1").findings)
