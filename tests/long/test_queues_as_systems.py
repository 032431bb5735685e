"""Any queue before the process tier: what it declares is what it is asked."""

from __future__ import annotations

import pytest

from jobkit_conformance.processes.system import SystemHarness
from jobkit_conformance.verdicts import Exit, Verdict
from tests.conformance.queues.harness import Leased, Taken
from tests.long.test_system_tier import run

pytestmark = [pytest.mark.realtime, pytest.mark.invariant]


@pytest.mark.parametrize("system", [Leased, Taken], ids=lambda system: system.__name__)
def test_a_queue_that_keeps_what_it_declares_is_not_accused(system: type[SystemHarness]) -> None:
    report = run(system(), "W1", "E8", "L1", "W4", "R1")
    verdicts = {id: finding.verdict for id, finding in report.findings.items()}
    assert (verdicts["W1"], verdicts["E8"]) == (Verdict.KEPT, Verdict.KEPT), report.findings["W1"].failure
    assert verdicts["L1"] is (Verdict.KEPT if system is Leased else Verdict.OUT_OF_SCOPE)
    assert (verdicts["W4"], verdicts["R1"]) == (Verdict.OUT_OF_SCOPE, Verdict.OUT_OF_SCOPE)
    assert report.exit is Exit.CONFORMANT
