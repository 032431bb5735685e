"""The judge of the processes' log: what is right is not accused, and what is wrong is, by the rule that it breaks."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from jobkit_conformance.catalogue import BY_ID
from jobkit_conformance.checkers.processes import RULES, judge
from jobkit_conformance.processes.coverage import coverage_labels
from jobkit_conformance.processes.plan import Plan
from jobkit_conformance.processes.report import as_timeline
from jobkit_conformance.processes.run_record import Violation
from jobkit_conformance.processes.task import Task
from jobkit_conformance.processes.timeline_data import as_story
from tests.conformance import process_twin
from tests.conformance.process_logs import BAD, GOOD, HEAD, Log, read


@pytest.mark.parametrize("log", GOOD, ids=lambda log: log.why)
def test_what_is_right_is_not_accused(log: Log) -> None:
    assert judge(log.events, log.plan, log.declared) == []


@pytest.mark.parametrize("log", BAD, ids=lambda log: log.why)
def test_what_is_wrong_is_told_by_its_rule(log: Log) -> None:
    seen = {each.rule: each for each in judge(log.events, log.plan, log.declared)}
    assert log.shows in seen, seen
    assert seen[log.shows].words
    assert as_timeline(log.events, seen[log.shows])


def test_every_rule_of_the_tier_has_a_log_that_breaks_it() -> None:
    assert {log.shows for log in BAD} == RULES
    assert BY_ID.keys() >= RULES


def test_an_empty_log_shows_nothing_to_be_kept() -> None:
    assert not any(coverage_labels([], Plan([]), GOOD[0].declared).values())


def test_what_came_about_is_counted() -> None:
    log = next(log for log in GOOD if "killed worker's job" in log.why)
    found = coverage_labels(log.events, log.plan, log.declared)
    assert (found["jobs of killed workers"], found["jobs"], found["leases"]) == (1, 1, 0)


def test_a_worker_that_was_cut_off_is_not_missed_while_it_is() -> None:
    cut = next(log for log in BAD if log.shows == "W9" and "one of them" in log.why)
    late = cut.text.replace("3 healed 0.1", "").replace("7 term 0.1", "7 healed 0.1\n7.2 term 0.1")
    assert judge(read(late.replace("7.1 down", "7.3 down")), cut.plan, cut.declared) == []


def test_a_timeline_leaves_out_what_does_not_matter() -> None:
    log = read(HEAD + "1 offered a\n1 offered b\n1.1 start a 0.1 attempt=1\n1.2 start b 1.1 attempt=1")
    seen = judge(log, Plan([]), GOOD[0].declared)
    assert seen == []
    bad = next(log for log in BAD if log.shows == "T1")
    told = as_timeline(bad.events, judge(bad.events, bad.plan, bad.declared)[0])
    assert "worker 0.1   starts late attempt 1" in told


def test_a_drawing_has_a_lane_a_worker_and_a_bar_a_lease() -> None:
    log = read(
        "0 up 0.1\n0 up 1.1\n0.5 accepted a\n1 granted a 0.1 attempt=1 seconds=2\n1.1 start a 0.1 attempt=1\n"
        "1.5 extended a 0.1 seconds=2\n2 kill 0.1\n2.1 up 0.2\n"
        "4 granted a 0.2 attempt=2 seconds=2\n4.2 settled a 0.2 note=done\n5 over"
    )
    story = as_story(log, Violation("W1", "", job="a"))
    assert [step.who for step in story.steps] == ["w0", "w1", "p", "w0", "w0", "w0", "w0", "w0", "w0", "w0", ""]
    assert story.steps[7].asked == "is started as 0.2"
    first, second = story.leases
    assert (first.who, first.attempt, first.began, first.until, first.ended) == ("w0", 1, 3, 3500, None)
    assert (second.attempt, second.began, second.ended, second.how) == (2, 8, 9, "done")


def test_a_slow_twin_judges_every_drawn_log_alike() -> None:
    plan = Plan([Task("a", 100), Task("late", 100, after=1000), Task("bomb", 100, "kills")])
    rules = {"E8", "W1", "W4", "T1", "R1", "L6", "S1"}
    found: Counter[str] = Counter()
    for number in range(2_500):
        log = process_twin.draw(random.Random(number))
        judged = {seen.rule for seen in judge(log, plan, GOOD[1].declared)} & rules
        assert judged == process_twin.broken(log), (number, log)
        found.update(judged)
    assert all(found[rule] > 10 for rule in rules), found
