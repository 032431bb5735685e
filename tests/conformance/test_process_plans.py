"""Plans of processes: drawn within what can be done, told in words, kept in a token, made smaller."""

from __future__ import annotations

import random

import pytest

from jobkit_conformance.processes.plan import (
    EVERYWHERE,
    FAULTS,
    Abilities,
    Fault,
    Plan,
    draw,
    fixed_plan,
    from_token,
    in_order,
    shrink_candidates,
    token,
    weight,
    words,
)
from jobkit_conformance.processes.task import Task, read, write

ALL = Abilities(frozenset(FAULTS), lease=1.0, hows=frozenset({"kills", "fails"}), delay=True, order=True)
FEW = Abilities()
DRAWN = [draw(random.Random(number), means) for number in range(200) for means in (ALL, FEW)]


def test_a_seed_draws_one_plan() -> None:
    assert draw(random.Random("1 0"), ALL) == draw(random.Random("1 0"), ALL)


def test_all_that_can_be_done_is_drawn_at_some_time() -> None:
    assert {fault.kind for plan in DRAWN for fault in plan.faults} == FAULTS.keys()
    assert {task.how for plan in DRAWN for task in plan.tasks} == {"work", "kills", "fails"}


def test_nothing_is_drawn_that_can_not_be_done() -> None:
    plans = [draw(random.Random(number), FEW) for number in range(200)]
    assert {fault.kind for plan in plans for fault in plan.faults} <= EVERYWHERE
    assert {(task.how, task.after) for plan in plans for task in plan.tasks} == {("work", 0)}


def test_the_first_plan_has_one_of_each_and_ends_on_an_idle_store() -> None:
    plan = fixed_plan(ALL)
    assert {fault.kind for fault in plan.faults} == FAULTS.keys() - {"term, term"}
    assert any(fault.kind == "kill" and fault.nth == len(plan.tasks) and fault.seconds for fault in plan.faults)
    assert all(fault.nth <= len(plan.tasks) + 1 for fault in plan.faults)
    assert [fault.kind for fault in plan.faults if fault.outlasts == len(plan.tasks)] == ["stop"]
    assert plan.gathered


@pytest.mark.parametrize("plan", [fixed_plan(ALL), in_order(ALL), *DRAWN[:20]], ids=range(22))
def test_a_token_is_its_plan(plan: Plan) -> None:
    assert from_token(token(plan)) == plan


@pytest.mark.parametrize("word", ["p-", "p-xyz", token(DRAWN[0])[:-9]])
def test_a_damaged_token_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match="damaged"):
        from_token(word)


def test_a_token_with_a_fault_of_a_later_kit_is_refused_by_its_name() -> None:
    with pytest.raises(ValueError, match="'flood'"):
        from_token(token(Plan([], [Fault("flood", 1)])))


def test_words_say_what_is_done() -> None:
    faults = [Fault("stop", 1, 1.6, outlasts=2), Fault("hole", 3, 2)]
    plan = Plan([Task("a", 50), Task("b", 20, "kills", 300)], faults, gathered=True)
    told = "\n".join(words(plan))
    assert "a 50 ms, b 20 ms kills its worker due after 300 ms" in told
    assert "when a starts: SIGSTOP to the worker that began it, and 1.6 s later SIGCONT, once b has started" in told
    assert "short jobs until every worker has taken one, then\n2 jobs: a" in told
    assert "when all are over: for 2 s every byte between the store and every worker is swallowed" in told


def test_smaller_plans_are_smaller_and_can_be_played() -> None:
    for plan in [fixed_plan(ALL), *DRAWN[:40]]:
        for other in shrink_candidates(plan):
            assert weight(other) < weight(plan)
            assert all(1 <= fault.nth <= len(other.tasks) + 1 for fault in other.faults)
            assert all(fault.outlasts <= len(other.tasks) for fault in other.faults)


def test_one_fault_with_the_jobs_that_it_needs_is_tried_before_halves() -> None:
    plan = fixed_plan(ALL)
    nothing, *alone = list(shrink_candidates(plan))[: 1 + len(plan.faults)]
    assert nothing.faults == []
    assert [[fault.kind for fault in other.faults] for other in alone] == [[fault.kind] for fault in plan.faults]
    assert len(alone[0].tasks) < len(plan.tasks)


def test_a_task_travels_as_a_word_without_spaces() -> None:
    task = Task("j1", 20, "fails", 300)
    assert read(write(task)) == task
    assert " " not in write(task)
