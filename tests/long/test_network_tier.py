"""The wire tier: what it plays is what it says, honest backends raise no alarm, and a finding can be played again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import ModuleType

import pytest
from msgspec import structs

from jobkit.backends.redis.settings import Settings
from jobkit.testing.redis.harness import Harness
from jobkit_conformance.catalogue import BY_ID
from jobkit_conformance.history.trace import Noted
from jobkit_conformance.network.case import OBSERVER, VICTIM, FaultCase, from_token, token
from jobkit_conformance.network.faults import FAULTS, possible
from jobkit_conformance.network.replay import replay
from jobkit_conformance.network.tier import JUDGES, Sweep
from jobkit_conformance.network.workloads import workloads
from jobkit_conformance.operations import Enqueue, MessageSpec, Reserve
from jobkit_conformance.run_context import RunContext
from jobkit_conformance.runner import Run
from jobkit_conformance.verdicts import Verdict
from jobkit_conformance.violations import RuleViolation
from tests.broken import a_reserve_is_sent_again
from tests.conformance.small_profile import SWIFT
from tests.conformance.test_broken import BROKEN

pytestmark = pytest.mark.realtime

MINUTE = 60_000
ON_THE_WIRE = [module for module in BROKEN if getattr(module, "TIER", "") == "wire"]
CAPABILITIES = Settings("", "", durable="process").capabilities
TAKES = FaultCase([Enqueue(OBSERVER, [MessageSpec("a")]), Reserve(VICTIM, ["q"], 1, MINUTE)])


@pytest.fixture(scope="module")
def harness() -> Iterator[Harness]:
    harness = Harness()
    yield harness
    harness.close()


@pytest.fixture
def ground(harness: Harness) -> Iterator[RunContext]:
    ground = RunContext(harness, SWIFT, seed=1)
    with ground.runner:
        yield ground


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_meets_the_command_that_it_is_meant_for(ground: RunContext, name: str) -> None:
    played = Sweep(ground).play(structs.replace(TAKES, fault=name, at=1))
    assert (played.broken, played.struck_in) == (None, "reserve")
    (told,) = [step.words for step in played.env.trace.steps if isinstance(step, Noted) and step.who == "c1"]
    assert told == FAULTS[name].words.format(it="command 1 of reserve (evalsha)")


def test_every_verb_that_is_claimed_is_swept(ground: RunContext) -> None:
    steps = [step for case in workloads(ground.capabilities, waits=True) for step in case.steps]
    swept = {type(step).__name__ for step in steps if getattr(step, "client", OBSERVER) == VICTIM}
    assert swept == {
        *("Enqueue", "Reserve", "Wait", "Settle", "Extend", "Cancel", "Requeue", "Delete", "Purge", "Inspect"),
        *("Pause", "Resume", "CellSet"),
    }


def test_a_script_without_a_fault_sends_what_a_sweep_counts(ground: RunContext) -> None:
    sweep = Sweep(ground)
    counted = {len(case.steps): sweep.play(case) for case in workloads(ground.capabilities, waits=True)}
    assert all(played.broken is None and played.commands for played in counted.values())


def test_no_alarm_and_every_coverage_label_is_reached(ground: RunContext) -> None:
    thorough = RunContext(ground.harness, replace(SWIFT, seconds=120, costly=4), seed=3)
    with thorough.runner:
        found = Sweep(thorough).search(set(BY_ID), lambda _share: None)
    assert found.broken is None
    assert {id: label for id, label in JUDGES.items() if not found.coverage[label]} == {}
    assert found.cases > 200


def test_without_its_hook_nothing_is_said(harness: Harness) -> None:
    named = Harness(url=f"{harness._own.url}?timeout=2000")
    assert "full" in possible(harness, CAPABILITIES)
    assert not {"full", "flushed", "restarted"} & possible(named, CAPABILITIES).keys()
    assert "restarted" not in possible(harness, structs.replace(CAPABILITIES, durable=None))
    behind_tls = Harness(url="rediss://localhost")
    assert named.offers("through")
    assert not behind_tls.offers("through")


def test_the_proxy_alone_answers_for_rules_about_faults(harness: Harness) -> None:
    named = Harness(url=f"{harness._own.url}?slack=200")
    report = Run(named, SWIFT, 1, frozenset({"E4", "D2"})).run("target")
    assert not named.offers("drop")
    assert {report.findings[id].verdict for id in ("E4", "D2")} == {Verdict.KEPT}


@pytest.fixture(scope="module")
def faulty() -> Iterator[Harness]:
    harness = a_reserve_is_sent_again.Harness()
    yield harness
    harness.close()


def test_a_finding_is_told_in_words_and_can_be_played_again(faulty: Harness) -> None:
    patient = replace(SWIFT, shrinking=60)  # so that it gets to the end on a busy machine too
    finding = Run(faulty, patient, 1, frozenset({"D6"})).run("target").findings["D6"]
    assert finding.verdict is Verdict.BROKEN
    assert finding.failure is not None
    assert finding.failure.seen == "reserve granted [] with limit=1, and not ['a'], which are ready"
    case = from_token(finding.failure.replay.removeprefix("--replay "))
    assert [type(step) for step in case.steps] == [Enqueue, Reserve]
    assert (case.fault, case.unconnected) == ("lost", False)
    assert "the reply of command 1 of reserve (evalsha) is lost with its connection" in finding.failure.timeline
    assert f"# the reply of command {case.at} is lost with its connection" in finding.failure.program
    code, timeline, broken = Run(faulty, SWIFT, 1).replay(case, "target")
    assert code.splitlines()[:3] == finding.failure.program.splitlines()[:3]
    assert "is lost with its connection" in timeline
    assert broken is not None
    assert broken.rule == "D6"


def test_the_program_of_a_finding_runs(
    faulty: Harness, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, _ = Run(faulty, SWIFT, 1).replay(structs.replace(TAKES, fault="lost", at=1), "target")
    monkeypatch.setattr("jobkit_conformance.targets.find", lambda _name: faulty)
    monkeypatch.setattr(faulty, "close", lambda: None)
    with pytest.raises(RuleViolation, match="which are ready"):
        exec(code, {})  # noqa: S102 - what a report prints is meant to be run
    assert "is lost with its connection" in capsys.readouterr().out


def test_a_case_without_a_fault_is_shown(harness: Harness, capsys: pytest.CaptureFixture[str]) -> None:
    assert replay(harness, TAKES).broken is None
    assert "granted a (attempt 1)" in capsys.readouterr().out


THOROUGH = replace(SWIFT, faults=9, costly=0, workers=60, seconds=120, shrinking=0)


@pytest.mark.parametrize("module", ON_THE_WIRE, ids=lambda module: module.__name__.rpartition(".")[2])
def test_what_is_cut_in_two_is_found_by_the_wire_alone(module: ModuleType) -> None:
    harness = module.Harness()
    run = Run(harness, THOROUGH, 1, frozenset({module.RULE}))
    try:
        assert not run.begin("the target")
        for part in run.parts():
            if "proxy" in part.words:
                part.play()
        finding = run.report(0.0).findings[module.RULE]
    finally:
        run.close()
        harness.close()
    assert finding.verdict is Verdict.BROKEN, finding.failure or finding.note
    assert finding.failure is not None
    assert finding.failure.replay.startswith("--replay w")


def test_a_token_says_everything() -> None:
    case = structs.replace(TAKES, fault="held", at=3, unconnected=True)
    assert from_token(token(case)) == case
    with pytest.raises(ValueError, match="damaged"):
        from_token("w-nonsense")
    with pytest.raises(ValueError, match="'moonshine', which this kit does not know"):
        from_token(token(structs.replace(TAKES, fault="moonshine")))
