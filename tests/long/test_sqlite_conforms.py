"""Every rule, asked of this backend: with each instant from the kit, and with the host's clock, moved."""

from __future__ import annotations

import pytest

from jobkit.testing.sqlite.harness import Harness, Offset
from jobkit_conformance.profiles import PROFILES
from jobkit_conformance.runner import Run
from jobkit_conformance.verdicts import Verdict

pytestmark = [pytest.mark.realtime, pytest.mark.invariant]

BY_THE_CLOCK = frozenset({"L1", "L10", "O2", "S3", "T1", "T2", "T3", "X2"})
OUT_OF_SCOPE = {
    "S7": "retention",  # dead jobs are kept until somebody deletes them
    "D5": "evicting",  # nothing is ever dropped from a file
}


def test_every_rule_is_kept_that_can_be_asked() -> None:
    harness = Harness()
    try:
        report = Run(harness, PROFILES["quick"], seed=1).run("sqlite")
    finally:
        harness.close()
    broken = {id: finding.verdict for id, finding in report.findings.items() if finding.verdict is not Verdict.KEPT}
    unasked = {id for id, verdict in broken.items() if verdict is Verdict.NOT_RUN}
    assert broken.keys() - unasked == OUT_OF_SCOPE.keys(), report.failed()
    for id, need in OUT_OF_SCOPE.items():
        assert need in report.findings[id].note


def test_rules_about_time_are_kept_with_the_clock_of_production() -> None:
    harness = Offset()
    try:
        report = Run(harness, PROFILES["quick"], seed=1, rules=BY_THE_CLOCK).run("sqlite, offset")
    finally:
        harness.close()
    verdicts = {id: report.findings[id].verdict for id in BY_THE_CLOCK}
    assert verdicts == dict.fromkeys(BY_THE_CLOCK, Verdict.KEPT), report.failed()
