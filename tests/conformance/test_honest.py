"""Backends that keep their promises raise no alarm, however odd. More of them, seed after seed, in `tests/long`."""

from __future__ import annotations

import pytest

from jobkit_conformance.catalogue import RULES
from jobkit_conformance.verdicts import Verdict
from tests.conformance.honest import Bare, Real
from tests.conformance.remote import RemoteHarness
from tests.conformance.small_profile import run

BACKEND = [rule.id for rule in RULES if not rule.judges_worker]


@pytest.mark.realtime
def test_no_alarm() -> None:
    report = run(Real(), *BACKEND, seed=2)
    assert [(finding.rule.id, finding.failure) for finding in report.failed()] == []
    open_ones = {Verdict.NOT_EXERCISED, Verdict.UNKNOWN}
    assert {id: finding.note for id, finding in report.findings.items() if finding.verdict in open_ones} == {}


@pytest.mark.realtime
def test_a_backend_with_every_hook_has_nothing_out_of_scope() -> None:
    report = run(RemoteHarness(), "D1", "D2", "D3", "D4", "D5", "D6", "E4", "R4", "S7", "G4", "W9")
    asked = {id: finding.verdict for id, finding in report.findings.items() if finding.cases}
    assert set(asked.values()) == {Verdict.KEPT}
    assert len(asked) == 11


def test_what_is_not_claimed_is_refused_and_no_fault() -> None:
    report = run(Bare(), "T1", "K1", "X1", "I1", "S6")
    verdicts = {report.findings[id].verdict for id in ("T1", "K1", "X1", "I1", "S6")}
    assert verdicts == {Verdict.REFUSED}


def test_a_clock_that_nobody_moves_leaves_rules_out_of_scope() -> None:
    report = run(Real(), "L1", "T1", "L3")
    assert report.findings["L1"].verdict is Verdict.OUT_OF_SCOPE
    assert "a clock that the kit can move" in report.findings["T1"].note
    assert report.findings["L3"].verdict is Verdict.KEPT
