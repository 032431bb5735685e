"""Workers behind the proxy: what befalls one is what is said, honest ones raise no alarm, tokens say everything."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

import pytest

from jobkit.testing.redis.harness import Harness
from jobkit_conformance.catalogue import BY_ID
from jobkit_conformance.history.trace import Noted
from jobkit_conformance.network.faults import FAULTS
from jobkit_conformance.network.run_worker_case import requests
from jobkit_conformance.network.worker_case import Kind, WorkerFaultCase, from_token, token
from jobkit_conformance.network.worker_tier import BEFALLS_WORKERS, JUDGES, Played, WorkerSweep
from jobkit_conformance.run_context import RunContext
from jobkit_conformance.runner import Run
from tests.conformance.small_profile import SWIFT

pytestmark = pytest.mark.realtime


@pytest.fixture(scope="module")
def harness() -> Iterator[Harness]:
    harness = Harness()
    yield harness
    harness.close()


@pytest.fixture
def ground(harness: Harness) -> Iterator[RunContext]:
    ground = RunContext(harness, replace(SWIFT, patience=6.0, seconds=60, workers=16), seed=2)
    with ground.runner:
        yield ground


@pytest.mark.parametrize("kind", ["async", "plain"])
def test_a_worker_without_a_fault_performs_and_stops(ground: RunContext, kind: Kind) -> None:
    played = WorkerSweep(ground).play(WorkerFaultCase(kind))
    assert (played.broken, played.struck) == (None, False)
    assert len(played.commands) > 10
    assert "reserve" in played.commands[3:5], (
        "after three by which it connects, and one that the server does not know yet"
    )
    words = [step.words for step in played.env.trace.steps if isinstance(step, Noted)]
    assert [each for each in words if "fails 2 starts" in each] == [
        "fails 2 starts (attempt 1)",
        "fails 2 starts (attempt 2)",
    ]
    assert "settles stays 4 done -> settled" in words
    assert "has stopped" in words


def test_a_first_call_connects_before_its_request_and_a_later_one_waits_after_it() -> None:
    calls = [("reserve", 0), ("settle", 4), ("reserve", 5), ("extend", 8), ("settle", 10), ("reserve", 10)]
    assert requests(calls, 14) == [
        *("", "", "", "reserve", "settle", "reserve", "", "", "", "extend"),
        *("settle", "reserve", "", ""),
    ]
    assert requests(calls, 11)[9:] == ["extend", "settle"], "one was called, and nothing was sent"
    assert requests([], 2) == ["", ""]


def test_each_fault_meets_a_reserve_first_however_many_commands_there_are(ground: RunContext) -> None:
    for more in range(4):
        commands = ["", "", "reserve", "settle", "", "extend", "settle", *[""] * more, "reserve"]
        played = Played(ground.env(), commands, struck=False, broken=None)
        cases = list(WorkerSweep(ground)._cases({"async": played}))
        met = defaultdict[str, list[str]](list)
        for case in cases:
            met[case.fault].append(commands[case.at - 1])
        assert met.keys() == BEFALLS_WORKERS
        assert met["dies"] == ["reserve", "settle", "extend"]
        assert {verbs[0] for verbs in met.values()} == {"reserve"}


@pytest.mark.parametrize("fault", sorted(BEFALLS_WORKERS))
def test_a_fault_meets_a_worker(ground: RunContext, fault: str) -> None:
    played = WorkerSweep(ground).play(WorkerFaultCase(fault=fault, at=7))
    assert (played.broken, played.struck) == (None, True)
    (told,) = [step.words for step in played.env.trace.steps if isinstance(step, Noted) and "command 7" in step.words]
    assert told.startswith(FAULTS[fault].words.partition("{it}")[0])


def test_who_dies_is_followed_by_another(ground: RunContext) -> None:
    played = WorkerSweep(ground).play(WorkerFaultCase(fault="dies", at=7))
    assert played.broken is None
    who = {step.who for step in played.env.trace.steps if isinstance(step, Noted)}
    assert who == {"w1", "w2", "job"}


def test_no_alarm(ground: RunContext) -> None:
    found = WorkerSweep(ground).search(set(BY_ID), lambda _share: None)
    assert found.broken is None
    assert found.cases == 18
    assert all(found.coverage[label] for label in JUDGES.values())


def test_a_case_is_played_again(harness: Harness) -> None:
    case = from_token(token(WorkerFaultCase("plain", "lost", 5)))
    assert case == WorkerFaultCase("plain", "lost", 5)
    code, timeline, broken = Run(harness, SWIFT, 1).replay(case, "target")
    assert broken is None
    assert code == "# WorkerFaultCase(kind='plain', fault='lost', at=5)"
    assert "the reply of command 5 of the worker" in timeline
    with pytest.raises(ValueError, match="damaged"):
        from_token("ww-nonsense")
