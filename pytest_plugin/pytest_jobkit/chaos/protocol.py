"""The way of a test under chaos: many runs that nobody sees, and one that is reported."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from pytest_jobkit.backends.names import DEFAULT
from pytest_jobkit.chaos import refusals
from pytest_jobkit.chaos.choices import ChoiceSequence
from pytest_jobkit.chaos.config import CRASH_AFTER, CRASH_BEFORE, USUAL, ChaosConfig
from pytest_jobkit.chaos.fault import CRASH_AT, KINDS, schedule_of
from pytest_jobkit.chaos.injector import Injector
from pytest_jobkit.chaos.progress import Progress
from pytest_jobkit.chaos.reported_run import ReportedRun, Verdict
from pytest_jobkit.chaos.rerun import RerunnableItem
from pytest_jobkit.chaos.search import Search, Settings
from pytest_jobkit.chaos.trial import Trial, trial_of

if TYPE_CHECKING:
    from pytest_jobkit.session import Session


def protocol(run: Session, item: pytest.Item, nextitem: pytest.Item | None, wish: ChaosConfig | None) -> bool:
    """Run this test under chaos; ``wish``: that of its marker. It is reported once."""
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    repeated = RerunnableItem(cast("pytest.Function", item))
    finale = _at_once(run, item, wish) or _searched(run, repeated, item, nextitem, wish)
    if finale is not None:
        with run.injecting(finale.injector, finale):
            repeated.shown(nextitem)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def _at_once(run: Session, item: pytest.Item, wish: ChaosConfig | None) -> ReportedRun | None:
    """For a test that is run once: it can't be run again, or what is to go wrong is known."""
    if reason := refusals.why_not_rerunnable(item):
        return ReportedRun(_unfit(reason, wish), Injector(ChoiceSequence(), (), test=item.path))
    if run.options.chaos.replay is None:
        return None
    schedule = schedule_of(run.options.chaos.replay)
    sweeps = any(fault.kind == CRASH_AT for fault in schedule)
    injector = Injector(ChoiceSequence(schedule), KINDS, test=item.path, sweeps=sweeps)
    return ReportedRun(Verdict(schedule=schedule), injector, exact=True)


def _searched(
    run: Session, repeated: RerunnableItem, item: pytest.Item, nextitem: pytest.Item | None, wish: ChaosConfig | None
) -> ReportedRun | None:
    """What was found; None, if the test does not even pass without any fault, which is reported then."""
    settings = _settings(run, wish)

    def play(injector: Injector) -> Trial:
        with run.injecting(injector):
            repeated.run_once()
        return trial_of(run.raised, run.last_case, injector, item.config.rootpath)

    search = Search(item, settings, play, Progress(item).tick)
    clean = search.injector(ChoiceSequence())
    with run.injecting(clean, ReportedRun(Verdict(), clean)):
        reports = repeated.first_run()
    if run.raised is not None:
        repeated.report(reports, nextitem)
        return None
    verdict = search.verdict(trial_of(None, run.last_case, clean, item.config.rootpath))
    if repeated.met_subtests:
        verdict = _unfit(refusals.subtests(), wish)
    repeated.refresh()
    return ReportedRun(
        verdict, Injector(ChoiceSequence(verdict.schedule), KINDS, test=item.path, sweeps=settings.sweeps)
    )


def _unfit(reason: str, wish: ChaosConfig | None) -> Verdict:
    """A failure where the test itself asks for chaos; else it just runs without."""
    return Verdict(left_out=reason) if wish is None else Verdict(section=reason, otherwise=reason)


def _settings(run: Session, wish: ChaosConfig | None) -> Settings:
    """The command line first, then the marker, then the ini."""
    options, asked, wish = run.options.chaos, wish is not None, wish or ChaosConfig()
    kinds = frozenset(options.faults or wish.faults or USUAL)
    if wish.sweep:
        kinds = frozenset({CRASH_BEFORE, CRASH_AFTER, CRASH_AT})
    return Settings(
        runs=options.runs or wish.runs or options.usual_runs,
        kinds=kinds,
        sweeps=wish.sweep,
        seed=options.seed,
        asked=asked,
        options=() if run.options.backends == (DEFAULT,) else (f"--jobkit-backend={','.join(run.options.backends)}",),
    )
