"""What chaos has to say of a test: under which schedule its last run goes, and what the report then shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from pytest_jobkit.chaos.describe import describe, describe_all
from pytest_jobkit.chaos.summary import ChaosSummary

if TYPE_CHECKING:
    from pytest_jobkit.case import Case
    from pytest_jobkit.chaos.fault import Schedule
    from pytest_jobkit.chaos.injector import Injector


@dataclass(frozen=True)
class Verdict:
    """``schedule``: of the run that is reported. ``survived``: how many schedules the test passed under.

    ``section``: shown with the report if that run fails. ``note``: shown right below its error. ``otherwise``: what
    the test fails with if that run passes.
    """

    schedule: Schedule = ()
    survived: int = 0
    section: str = ""
    note: str = ""
    otherwise: str = ""
    twice: frozenset[str] = frozenset()
    """The jobs that some run delivered twice."""
    left_out: str = ""
    """Why chaos was not asked for a test that did not ask for it by itself."""


class ReportedRun:
    """The run that is reported, with what is said of it. ``exact``: each fault of the schedule has to befall it."""

    def __init__(self, verdict: Verdict, injector: Injector, *, exact: bool = False) -> None:
        self.verdict = verdict
        self.injector = injector
        self._exact = exact
        self._said = ""
        """What the test failed with, if not with an error of its own."""

    def check(self) -> None:
        """The run passed: whether the test may."""
        __tracebackhide__ = True
        if text := self._missed() or self.verdict.otherwise:
            self._said = text
            pytest.fail(text, pytrace=False)

    def add_note(self, error: BaseException) -> None:
        """The run failed: the answer goes where the error is read."""
        note = self.verdict.note or self._replayed()
        if note and not isinstance(error, pytest.skip.Exception) and note not in getattr(error, "__notes__", ()):
            error.add_note(note)

    def mark_report(self, report: pytest.TestReport, case: Case | None) -> None:
        """Add the answer to a report that failed, or was expected to; what was tried counts as this test's doing."""
        if case is not None:
            case.tape.twice |= self.verdict.twice
        text = self._section()
        if text and (report.failed or hasattr(report, "wasxfail")) and report.longreprtext != self._said:
            report.sections.insert(0, ("Chaos", text))
        if report.when == "call":
            ChaosSummary.mark(report, self.verdict.survived, self.verdict.left_out)

    def _section(self) -> str:
        return self.verdict.section or "\n".join(filter(None, (self._replayed(), self._missed())))

    def _replayed(self) -> str:
        return (
            describe_all([describe(each) for each in self.injector.happened if each.had_effect]) if self._exact else ""
        )

    def _missed(self) -> str:
        """What a token says that did not come to pass: then it is another test, or another app, by now."""
        missed = (
            [str(fault) for fault in self.verdict.schedule if fault not in self.injector.taken] if self._exact else []
        )
        if not missed:
            return ""
        there = (
            ", ".join(dict.fromkeys(f"{each.place.job}:{each.place.nth}" for each in self.injector.points)) or "none"
        )
        return (
            f"--jobkit-replay: {', '.join(missed)} made no difference to this run, so the token no longer fits it\n"
            f"jobs that were performed here, or enqueued: {there}"
        )
