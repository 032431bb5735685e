"""Every rule, asked of a namespace whose clients are of two releases."""

from __future__ import annotations

import pytest

from jobkit_conformance.profiles import PROFILES
from jobkit_conformance.runner import Run
from jobkit_conformance.verdicts import Verdict
from tests.backends.redis.versions import TwoVersions

pytestmark = [pytest.mark.realtime, pytest.mark.invariant]


def test_two_releases_keep_every_rule_together() -> None:
    harness = TwoVersions()
    try:
        report = Run(harness, PROFILES["quick"], seed=1).run("two releases on fakeredis")
    finally:
        harness.close()
    allowed = {Verdict.KEPT, Verdict.OUT_OF_SCOPE, Verdict.NOT_RUN}
    broken = {id: finding.verdict for id, finding in report.findings.items() if finding.verdict not in allowed}
    assert broken == {}, report.failed()
    assert report.findings["P2"].verdict is Verdict.KEPT
    assert report.findings["L6"].verdict is Verdict.KEPT
