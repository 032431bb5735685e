"""The way of a test under chaos: many runs that nobody sees, and one that is reported."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from pytest_jobkit.backends.names import DEFAULT
from pytest_jobkit.chaos import refusals
from pytest_jobkit.chaos.choices import Decisions
from pytest_jobkit.chaos.config import CRASH_AFTER, CRASH_BEFORE, USUAL, Wish
from pytest_jobkit.chaos.fault import CRASH_AT, KINDS, schedule_of
from pytest_jobkit.chaos.injector import Injector
from pytest_jobkit.chaos.progress import Progress
from pytest_jobkit.chaos.reported_run import Finale, Verdict
from pytest_jobkit.chaos.rerun import Repeated
from pytest_jobkit.chaos.search import Search, Settings
from pytest_jobkit.chaos.trial import Trial, trial_of

if TYPE_CHECKING:
    from pytest_jobkit.session import Run


def protocol(run: Run, item: pytest.Item, nextitem: pytest.Item | None, wish: Wish | None) -> bool:
    """Run this test under chaos; ``wish``: that of its marker. It is reported once."""
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    repeated = Repeated(cast("pytest.Function", item))
    finale = _at_once(run, item, wish) or _searched(run, repeated, item, nextitem, wish)
    if finale is not None:
        with run.under(finale.injector, finale):
            repeated.shown(nextitem)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def _at_once(run: Run, item: pytest.Item, wish: Wish | None) -> Finale | None:
    """For a test that is run once: it can't be run again, or what is to go wrong is known."""
    if reason := refusals.unfit(item):
        return Finale(_unfit(reason, wish), Injector(Decisions(), (), test=item.path))
    if run.options.chaos.replay is None:
        return None
    schedule = schedule_of(run.options.chaos.replay)
    sweeps = any(fault.kind == CRASH_AT for fault in schedule)
    injector = Injector(Decisions(schedule), KINDS, test=item.path, sweeps=sweeps)
    return Finale(Verdict(schedule=schedule), injector, exact=True)


def _searched(
    run: Run, repeated: Repeated, item: pytest.Item, nextitem: pytest.Item | None, wish: Wish | None
) -> Finale | None:
    """What was found; None, if the test does not even pass without any fault, which is reported then."""
    settings = _settings(run, wish)

    def play(injector: Injector) -> Trial:
        with run.under(injector):
            repeated.once()
        return trial_of(run.raised, run.last_case, injector, item.config.rootpath)

    search = Search(item, settings, play, Progress(item).tick)
    clean = search.injector(Decisions())
    with run.under(clean, Finale(Verdict(), clean)):
        reports = repeated.first()
    if run.raised is not None:
        repeated.report(reports, nextitem)
        return None
    verdict = search.verdict(trial_of(None, run.last_case, clean, item.config.rootpath))
    if repeated.met_subtests:
        verdict = _unfit(refusals.subtests(), wish)
    repeated.refresh()
    return Finale(verdict, Injector(Decisions(verdict.schedule), KINDS, test=item.path, sweeps=settings.sweeps))


def _unfit(reason: str, wish: Wish | None) -> Verdict:
    """A failure where the test itself asks for chaos; else it just runs without."""
    return Verdict(left_out=reason) if wish is None else Verdict(section=reason, otherwise=reason)


def _settings(run: Run, wish: Wish | None) -> Settings:
    """The command line first, then the marker, then the ini."""
    options, asked, wish = run.options.chaos, wish is not None, wish or Wish()
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
