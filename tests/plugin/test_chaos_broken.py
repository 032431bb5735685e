"""Chaos that does not do its work is noticed: each broken variant fails the test that is there for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any

import pytest

from pytest_jobkit.chaos import protocol, refusals, schedules, search
from pytest_jobkit.chaos.choices import ChoiceSequence
from pytest_jobkit.chaos.crash_points import CrashPoints
from pytest_jobkit.chaos.delivery_order import DeliveryOrder
from pytest_jobkit.chaos.injector import Injector
from pytest_jobkit.chaos.reported_run import ReportedRun
from pytest_jobkit.chaos.rerun import RerunnableItem
from tests.plugin import test_chaos, test_chaos_apps, test_chaos_faults, test_chaos_styles, test_chaos_sweep
from tests.plugin.conftest import Project


def nothing(*_: Any, **__: Any) -> None:
    return None


async def runs_all_the_same(*_: Any) -> bool:
    return False


def without_end(self: CrashPoints, point: str) -> None:
    self.points.append(point)


def stale(self: RerunnableItem) -> None:
    """The same request, and the fixtures that it holds."""
    if not self._item._request:
        self._item._initrequest()


@dataclass(frozen=True)
class Broken:
    """``where`` and ``name``: what is replaced, by ``by``. ``noticed``: the test that fails then."""

    where: Any
    name: str
    by: Any
    noticed: Callable[[Project], None]


VARIANTS = {
    "it injects nothing": Broken(
        ChoiceSequence,
        "fault",
        nothing,
        partial(test_chaos_apps.test_the_fault_is_found_and_told_in_a_sentence, app="double_charge"),
    ),
    "it shrinks nothing": Broken(
        search, "shrink", lambda trial, _: trial, test_chaos.test_many_faults_are_shrunk_to_the_two_that_it_takes
    ),
    "a replay ignores its token": Broken(
        protocol,
        "schedule_of",
        lambda _: (),
        partial(test_chaos_apps.test_what_was_found_is_seen_again_and_not_in_the_twin, app="double_charge"),
    ),
    "a token that does not fit is fine": Broken(
        ReportedRun, "_missed", lambda _: "", test_chaos.test_a_token_that_does_not_fit_is_an_error
    ),
    "all seeds are one": Broken(search, "Random", lambda _: Random(0), test_chaos.test_a_seed_decides_what_is_tried),
    "it draws faults that nobody asked for": Broken(
        Injector,
        "_possible",
        lambda self, possible: possible,
        test_chaos_faults.test_refusals_are_drawn_only_where_they_are_asked_for,
    ),
    "it wears jobs out": Broken(Injector, "_has_room", lambda *_: True, test_chaos_faults.test_no_job_is_worn_out),
    "a crash before is one after": Broken(
        Injector,
        "loses_before",
        runs_all_the_same,
        partial(
            test_chaos_faults.test_what_comes_when,
            token="crash-before:first",
            order=["second 1", "first 2"],
            backend="inline",
        ),
    ),
    "a lease runs out at once": Broken(
        DeliveryOrder,
        "_turn",
        lambda *_: -1,
        partial(
            test_chaos_faults.test_what_comes_when,
            token="crash-after:first",
            order=["first 1", "second 1", "first 2"],
            backend="inline",
        ),
    ),
    "no run has fresh fixtures": Broken(
        RerunnableItem,
        "refresh",
        stale,
        test_chaos_styles.test_each_run_has_fresh_function_fixtures_and_one_of_wider_scope,
    ),
    "what differs is blamed": Broken(refusals, "nondeterministic", lambda *_: "", test_chaos.test_runs_that_differ),
    "nobody dies in a sweep": Broken(
        CrashPoints, "hit", without_end, test_chaos_sweep.test_what_breaks_is_told_point_by_point
    ),
    "a sweep leaves points out": Broken(
        schedules,
        "crash_sweep",
        lambda points, effects, sweep=schedules.crash_sweep: sweep(points, effects)[::2],
        partial(test_chaos_sweep.test_it_dies_before_and_after_each_checkpoint, job="marches"),
    ),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_it_is_noticed(project: Project, monkeypatch: pytest.MonkeyPatch, variant: str) -> None:
    broken = VARIANTS[variant]
    monkeypatch.setattr(broken.where, broken.name, broken.by)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        broken.noticed(project)
