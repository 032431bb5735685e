"""What is seen in a play, and then again or not, with plays whose logs are written by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from jobkit_conformance.processes.plan import Abilities, Plan
from jobkit_conformance.processes.tier import Found, Played, Search
from tests.conformance.process_logs import BAD, DECLARED, GOOD, Log

Logs = Callable[[Plan], Log]


def saying(why: str, rule: str) -> Log:
    return next(log for log in (*GOOD, *BAD) if log.why == why and log.shows == rule)


NOTHING = saying("a job is performed", "")
LATE = saying("found long after its lease", "R4")
CAME = saying("found when somebody came", "L1")
TWICE = saying("started twice, and nobody came or went", "W2")
UNKNOWN = saying("nobody had enqueued it", "E8")


def in_turn(*logs: Log) -> tuple[list[Plan], Logs]:
    """Each play shows the next, and the last one again and again; which plans were played."""
    played: list[Plan] = []

    def log(plan: Plan) -> Log:
        played.append(plan)
        return logs[min(len(played), len(logs)) - 1]

    return played, log


async def search(log: Logs, *, rules: Sequence[str], count: int = 1, shrinking: float = 0.0) -> Found:
    async def play(plan: Plan) -> Played:
        shown = log(plan)
        return Played(plan if shown is NOTHING else shown.plan, shown.events, DECLARED)

    means = Abilities(lease=1.0, slack=0.5)
    return await Search(play, means, shrinking).search(1, count, 60.0, rules, lambda _: None)


async def test_what_no_slow_machine_excuses_counts_at_once() -> None:
    plans, log = in_turn(UNKNOWN)
    found = await search(log, rules=["E8"])
    assert (found.seen and found.seen.rule, found.cases, len(plans), found.doubts) == ("E8", 1, 1, {})


@pytest.mark.parametrize(("first", "rules"), [(LATE, ["R4", "L1"]), (CAME, ["R4", "L1"]), (LATE, ["R4"])])
@pytest.mark.parametrize("again", [LATE, CAME], ids=["late", "came"])
async def test_what_is_found_late_is_one_sight_whether_somebody_came_or_not(
    first: Log, rules: Sequence[str], again: Log
) -> None:
    _, log = in_turn(first, again)
    found = await search(log, rules=rules)
    assert found.seen is not None
    assert (found.seen.rule, found.doubts) == (first.shows, {})


@pytest.mark.parametrize("again", [NOTHING, TWICE], ids=["nothing", "another rule's"])
async def test_what_is_seen_once_and_not_again_is_in_doubt(again: Log) -> None:
    plans, log = in_turn(LATE, again)
    found = await search(log, rules=["R4"])
    assert found.seen is None
    assert found.doubts.keys() == {"R4"}
    assert (found.cases, len(plans)) == (2, 2)


async def test_the_second_look_has_longer_leases() -> None:
    plans, log = in_turn(LATE, LATE)
    await search(log, rules=["R4"])
    hasty, patient = plans
    assert patient.lease == 3 * hasty.lease
    assert [task.milliseconds for task in patient.tasks] == [
        task.milliseconds * (3 if task.milliseconds > 1000 * hasty.lease else 1) for task in hasty.tasks
    ]


async def test_what_is_in_doubt_is_looked_for_in_the_next_play() -> None:
    _, log = in_turn(LATE, NOTHING, LATE, LATE)
    found = await search(log, rules=["R4"], count=2)
    assert found.seen is not None
    assert found.cases == 4


async def test_the_smallest_plan_that_shows_it_is_kept() -> None:
    """It takes one job and its loss: whatever has none of them shows nothing."""

    async def play(plan: Plan) -> Played:
        kept = any(task.id == "j3" for task in plan.tasks) and any(fault.kind == "kill" for fault in plan.faults)
        return Played(plan, (UNKNOWN if kept else NOTHING).events, DECLARED)

    found = await Search(play, Abilities(), 60.0).search(1, 1, 60.0, ["E8"], lambda _: None)
    assert found.played is not None
    smallest = found.played.plan
    assert [task.id for task in smallest.tasks] == ["j3"]
    assert [fault.kind for fault in smallest.faults] == ["kill"]
