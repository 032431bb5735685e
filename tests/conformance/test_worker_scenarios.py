"""The simulation of several workers: no alarm for jobkit's own; for the broken the right rule, mostly in a scene."""

from __future__ import annotations

import asyncio
import gc
import random
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from jobkit.cli import main as command
from jobkit.testing.sqlite import harness as sqlite
from jobkit_conformance import preflight
from jobkit_conformance.catalogue import BY_ID
from jobkit_conformance.history.history import History
from jobkit_conformance.production_mode import production_mode
from jobkit_conformance.profiles import PROFILES
from jobkit_conformance.scenario import (
    Crash,
    Enqueue,
    Job,
    Partition,
    PauseProcess,
    Scenario,
    Sleep,
    StartWorker,
    Stop,
    from_token,
    token,
)
from jobkit_conformance.simulation import worker_scenarios
from jobkit_conformance.simulation.tier import Simulated, Simulation
from jobkit_conformance.simulation.workloads import WORKERS
from jobkit_conformance.targets import find
from jobkit_conformance.violations import RuleViolation

SCENES = (
    ("settles_before_it_performs", "W1"),
    ("leases_are_not_kept", "W2"),
    ("leases_outlive_the_limit", "W2"),
    ("lost_leases_are_not_told", "W3"),
    ("crashes_are_free", "W4"),
    ("bad_jobs_are_dropped", "W5"),
    ("odd_errors_end_a_slot", "W6"),
    ("stops_and_keeps_its_jobs", "W7"),
    ("fetches_ahead", "W8"),
    ("what_hangs_takes_no_slot", "W8"),
    ("cut_off_it_spins", "W9"),
    ("one_fault_ends_the_feed", "W9"),
    ("a_new_worker_resets_all", "W12"),
    ("limits_are_not_looked_at", "W13"),
    ("past_its_limit_is_interrupted", "W13"),
    ("what_ends_late_has_ended_well", "W13"),
    ("who_ignores_a_limit_has_none", "W13"),
)
"""Broken workers that a scene gives away, which every run has; the rule."""


@contextmanager
def simulation(target: str) -> Iterator[Simulation]:
    harness = find(target)
    try:
        with production_mode():
            yield Simulation(harness, asyncio.run(preflight.capabilities(harness, "n")), "shifts", WORKERS)
    finally:
        harness.close()


def search(target: str, count: int, rules: Collection[str] = BY_ID.keys(), shrinking: float = 0.0) -> Simulated:
    with simulation(target) as found:
        return found.search(1, replace(PROFILES["quick"], shifts=count, seconds=120.0, shrinking=shrinking), rules)


def test_the_honest_are_not_accused_and_every_coverage_label_is_reached() -> None:
    found = search("inline", 60)
    assert found.broken is None, found.scenario
    assert {label for label in WORKERS.judges.values() if not found.coverage[label]} == set()


def test_worlds_that_are_over_are_forgotten() -> None:
    """Their workers crashed, and closed nothing: files are let go of all the same."""
    scene = Scenario([[Job("a", ms=5000)], [StartWorker(), Sleep(100), Partition(1000), Crash(), StartWorker()]])
    harness = find("sqlite")
    assert isinstance(harness, sqlite.Harness)
    try:
        with production_mode():  # pytest keeps what is logged, errors and their frames included
            played = Simulation(harness, asyncio.run(preflight.capabilities(harness, "n")), "shifts", WORKERS)
            for _ in range(3):
                played.judged(scene)
        gc.collect()
        assert [path for path in open_files() if path.startswith(harness.settings.path)] == []
    finally:
        harness.close()


def open_files() -> Iterator[str]:
    for each in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # that of the listing itself
            yield str(each.readlink())


@pytest.mark.parametrize("target", ["sqlite", "fakeredis"])
def test_where_each_command_travels_too(target: str) -> None:
    with simulation(target) as found:
        for scene in (
            Scenario([[Job("a", ms=5000)], [StartWorker(), Sleep(500), PauseProcess(4000)], [StartWorker()]]),
            Scenario([[Job("a", fails=1)], [StartWorker(), Sleep(100), Partition(1000), Crash(), StartWorker()]]),
        ):
            _, broken = found.judged(scene)
            assert broken is None


@pytest.mark.parametrize(("name", "rule"), SCENES)
def test_a_broken_worker_is_given_away_by_a_scene(name: str, rule: str) -> None:
    target = f"tests.broken.{name}:Harness"
    with simulation(target) as found:
        seen = [found.judged(scene, wanted={rule})[1] for scene in worker_scenarios.fixed_scenarios()]
    assert rule in {broken.rule for broken in seen if broken is not None}


def test_a_reply_that_comes_while_a_worker_stops_is_found_by_drawing() -> None:
    found = search("tests.broken.a_reply_in_flight_is_dropped:Harness", 300, {"W7"})
    assert found.broken is not None
    assert "had not given back" in found.broken.observed


def test_what_is_found_is_shrunk_told_and_played_again(capsys: pytest.CaptureFixture[str]) -> None:
    target = "tests.broken.bad_jobs_are_dropped:Harness"
    with simulation(target) as playing:
        found = playing.search(1, replace(PROFILES["quick"], shifts=0, shrinking=30.0), {"W5"})
        assert found.scenario is not None
        assert found.scenario.scripts == [[Enqueue("a"), StartWorker()]]
        failure = playing.failure(found.scenario, target)
    assert failure.tier == "the simulation of several workers"
    assert "w1  begins to work" in failure.timeline
    with pytest.raises(RuleViolation, match="nobody can read"):
        exec(compile(failure.program, "program", "exec"), {})  # noqa: S102 - what a reader would paste
    capsys.readouterr()
    assert command(["conformance", target, *failure.replay.split()]) == 1
    assert "W5 BROKEN" in capsys.readouterr().out


def test_the_same_decisions_are_the_same_play() -> None:
    capabilities = asyncio.run(preflight.capabilities(find("inline"), "n"))
    with simulation("inline") as found:
        for seed in range(12):
            chance = random.Random(seed)
            played, _ = found.judged(worker_scenarios.draw(chance, capabilities), chance)
            again, _ = found.judged(played.scenario)
            assert again.scenario == played.scenario
            assert _told(again.history) == _told(played.history)


def _told(history: History) -> list[str]:
    return [f"{call.client} {call.verb} {call.from_ms}" for call in history.calls]


@pytest.mark.parametrize("seed", range(20))
def test_a_shift_is_a_word(seed: int) -> None:
    capabilities = asyncio.run(preflight.capabilities(find("inline"), "n"))
    scenario = worker_scenarios.draw(random.Random(seed), capabilities)
    assert from_token(token(scenario)) == scenario


def test_a_worker_that_never_worked_is_told_apart() -> None:
    """What happens to nobody happens to nobody."""
    with simulation("inline") as found:
        played, broken = found.judged(Scenario([[PauseProcess(), Crash(), Stop(), Job("a")], [StartWorker()]]))
    assert broken is None
    assert [start.id for start in played.history.processes[0].starts] == ["a", "w1 probe 1"]
