"""The simulation of several clients: no alarm for the honest; for the broken the right rule, in a few steps."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from importlib import import_module

import msgspec
import pytest

from jobkit.backend import Accepted, Delivery, Done, Message
from jobkit.cli import main as command
from jobkit.clock import ManualClock
from jobkit_conformance import preflight
from jobkit_conformance.catalogue import BY_ID
from jobkit_conformance.checkers.backend import check
from jobkit_conformance.harness import BackendHarness
from jobkit_conformance.history.history import History
from jobkit_conformance.profiles import PROFILES
from jobkit_conformance.scenario import Cancel, Enqueue, Reserve, Scenario, draw, from_token, token
from jobkit_conformance.simulation.replay import replay
from jobkit_conformance.simulation.tier import Simulated, Simulation, can_simulate
from jobkit_conformance.simulation.workloads import CLIENT_JUDGES as JUDGES
from jobkit_conformance.targets import find
from jobkit_conformance.violations import RuleViolation


def simulate(target: str, scenarios: int, seed: int = 1, *, rule: str = "") -> tuple[Simulation, Simulated]:
    harness = find(target)
    assert can_simulate(harness)
    capabilities = asyncio.run(preflight.capabilities(harness, "simulated"))
    simulation = Simulation(harness, capabilities, "simulated")
    profile = replace(PROFILES["quick"], scenarios=scenarios, seconds=120.0, shrinking=60.0)
    return simulation, simulation.search(seed, profile, {rule} if rule else BY_ID.keys())


def test_the_honest_are_not_accused_and_every_coverage_label_is_reached() -> None:
    _, found = simulate("inline", 400)
    assert found.broken is None, found.scenario
    assert found.cases > 400, "and every single fault before"
    assert {label for label in JUDGES.values() if not found.coverage[label]} == set()


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("looks_then_takes", 3),
        ("settle_forgets_the_token", 4),
        ("extends_ended_leases", 4),
        ("cancelled_waits_go_on", 2),
        ("crashes_do_not_count", 3),
        ("releases_count", 4),
        ("released_jobs_keep_their_lease", 4),
        ("extensions_add_up", 3),
        ("keys_are_checked_then_stored", 2),
        ("sleeps_through_due_times", 3),
        ("settles_more_than_once", 4),
        ("a_cancel_lies_in_wait", 2),
        ("recovers_with_traffic_only", 3),
    ],
)
def test_the_broken_are_found_and_shrunk_to_a_few_steps(name: str, most: int) -> None:
    target = f"tests.broken.{name}:Harness"
    rule = import_module(f"tests.broken.{name}").RULE
    simulation, found = simulate(target, 4_000, rule=rule)
    assert found.broken is not None
    assert found.broken.rule == rule
    assert found.scenario is not None
    assert sum(map(len, found.scenario.scripts)) <= most, found.scenario
    played, again = simulation.judged(found.scenario)
    assert again is not None
    assert again.rule == rule
    assert played.scenario == found.scenario


def test_every_single_fault_comes_first() -> None:
    """Among them the lost reply to a command that the Redis backend repeats, which has no second effect."""
    target = "tests.broken.its_own_repeats_are_stale:Harness"
    harness = find(target)
    try:
        simulation = Simulation(harness, asyncio.run(preflight.capabilities(harness, "n")), "n")
        profile = replace(PROFILES["quick"], scenarios=0, seconds=120.0, shrinking=60.0)
        found = simulation.search(1, profile, {"E4"})
        assert found.broken is not None
        assert found.scenario is not None
        assert (found.broken.rule, found.scenario.scripts) == ("E4", [[Enqueue("a"), Cancel("a")]])
        assert "the reply to a command (eval) is lost" in simulation.failure(found.scenario, "x").timeline
    finally:
        harness.close()


def test_a_settle_that_nobody_heard_of_any_more_may_have_ended_a_job() -> None:
    """The client died with it under way, and nothing else was begun before all got calm."""
    message = Message("a", "q", b"x")
    history = History(ManualClock(0))
    history.end(history.begin("c1", "enqueue", [message], {}), [Accepted(due=0)], None)
    held = Delivery(message, number=1, attempt=1, token="t", lease_end=1_000)
    history.end(history.begin("c1", "reserve", ["q"], {"limit": 1, "lease": 1_000, "wait": 0}), [held], None)
    history.begin("c1", "settle", [Done("t")], {})
    history.calm_down()
    history.end(history.begin("rest", "reserve", ["q"], {"limit": 10, "lease": 1_000, "wait": 0}), [], None)
    check(history)


def test_a_failure_is_told_with_code_that_runs(capsys: pytest.CaptureFixture[str]) -> None:
    target = "tests.broken.looks_then_takes:Harness"
    simulation, found = simulate(target, 4_000, rule="R1")
    assert found.scenario is not None
    failure = simulation.failure(found.scenario, target)
    assert "granted again" in failure.seen
    assert failure.shows_in == "reserve"
    assert failure.timeline.count("granted a (attempt 2)") == 1
    with pytest.raises(RuleViolation, match="granted again"):
        exec(compile(failure.program, "program", "exec"), {})  # noqa: S102 - what a reader would paste
    assert capsys.readouterr().out == f"{failure.timeline}\n"
    assert command(["conformance", target, *failure.replay.split()]) == 1
    assert "R1 BROKEN" in capsys.readouterr().out


def test_a_program_that_breaks_nothing_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    scenario = Scenario([[Enqueue("a"), Reserve()]])
    assert replay("inline", scenario).scenario == scenario
    assert "granted a (attempt 1)" in capsys.readouterr().out
    assert command(["conformance", "inline", "--replay", token(scenario)]) == 0
    assert "breaks no rule here" in capsys.readouterr().out


@pytest.mark.parametrize("seed", range(30))
def test_a_scenario_is_a_word(seed: int) -> None:
    capabilities = asyncio.run(preflight.capabilities(find("inline"), "n"))
    scenario = draw(random.Random(seed), capabilities)
    assert from_token(token(scenario)) == scenario


@pytest.mark.parametrize("word", ["s-", "s-nonsense", "s-" + token(Scenario([]))[5:]])
def test_a_damaged_word_is_told(word: str) -> None:
    with pytest.raises(ValueError, match="this replay token is damaged"):
        from_token(word)


def test_what_is_not_claimed_is_not_drawn() -> None:
    capabilities = asyncio.run(preflight.capabilities(find("inline"), "n"))
    bare = dict.fromkeys(("delay", "keys", "dead_letters", "cancel", "inspect", "wait"), False)
    plain = msgspec.structs.replace(capabilities, priority=None, **bare)
    for seed in range(200):
        steps = [step for script in draw(random.Random(seed), plain).scripts for step in script]
        text = repr(steps)
        assert not [
            word for word in ("Cancel", "Requeue", "Delete", "priority", "key", "wait", "after") if word in text
        ]
        assert "'dead'" not in text


def test_a_harness_that_is_not_simulated_is_not_played() -> None:
    assert not can_simulate(BackendHarness())
