"""The inline backend keeps what it claims: all that an author of a backend writes to prove it."""

from __future__ import annotations

import pytest

from jobkit.testing.inline import Harness
from jobkit_conformance.profiles import PROFILES
from jobkit_conformance.runner import Run
from jobkit_conformance.verdicts import Verdict

pytestmark = [pytest.mark.realtime, pytest.mark.invariant]


def test_inline_conforms() -> None:
    report = Run(Harness(), PROFILES["quick"], seed=1).run("inline")
    assert [(finding.rule.id, finding.failure) for finding in report.failed()] == []
    assert [id for id, finding in report.findings.items() if finding.verdict is Verdict.NOT_RUN] == []
    assert not report.accepted_unclaimed
    assert not report.unsound
