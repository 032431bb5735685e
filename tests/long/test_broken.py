"""What takes longer of the broken backends: those on a server of their own, and a run of all rules over one."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

import pytest

from jobkit_conformance.catalogue import RULES
from jobkit_conformance.reports.report import Report
from jobkit_conformance.verdicts import Exit, Verdict
from tests.broken.on_a_server import ServerHarness, ServerWorker
from tests.conformance.small_profile import run
from tests.conformance.test_broken import BROKEN

pytestmark = pytest.mark.realtime

ON_A_SERVER = [module for module in BROKEN if issubclass(module.Harness, (ServerHarness, ServerWorker))]


@pytest.mark.parametrize("module", ON_A_SERVER, ids=lambda module: module.__name__.rpartition(".")[2])
def test_a_broken_backend_is_killed_by_its_own_rule(module: ModuleType) -> None:
    report = run(module.Harness(), module.RULE)
    finding = report.findings[module.RULE]
    assert (finding.verdict, report.exit) == (Verdict.BROKEN, Exit.BROKEN), finding.note or report.unsound
    assert finding.failure is not None
    assert finding.failure.replay


@pytest.fixture(scope="module")
def forgetful() -> Report:
    """A run of every rule about backends, over one with a fault."""
    backend = [rule.id for rule in RULES if not rule.judges_worker]
    return run(import_module("tests.broken.settle_forgets_the_token").Harness(), *backend)


def test_a_whole_run_finds_the_same(forgetful: Report) -> None:
    assert forgetful.findings["L5"].verdict is Verdict.BROKEN
    assert forgetful.headline == "NOT CONFORMANT"


def test_what_has_nothing_to_do_with_a_fault_is_kept(forgetful: Report) -> None:
    kept = {id for id, finding in forgetful.findings.items() if finding.verdict is Verdict.KEPT}
    assert kept >= {"B3", "B4", "B5", "B6", "E1", "E2", "E10", "E11", "T3", "T5", "T6", "K3", "I4", "C1", "C2", "C4"}
