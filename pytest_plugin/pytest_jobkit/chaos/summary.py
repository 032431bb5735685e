"""How the tests under chaos fared: a line in the summary. Light: there in every run."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

SURVIVED, LEFT_OUT = "jobkit_survived", "jobkit_left_out"
"""Attributes of a report: they travel with it from a worker to the process that prints."""


class ChaosSummary:
    """Counts reports, also those that come from the workers of pytest-xdist."""

    def __init__(self) -> None:
        self._tests = 0
        self._schedules = 0
        self._left_out: Counter[str] = Counter()

    @staticmethod
    def mark(report: pytest.TestReport, survived: int, left_out: str) -> None:
        """``survived``: under how many schedules the test passed. ``left_out``: why none was tried."""
        if survived and report.passed:
            setattr(report, SURVIVED, survived)
        if left_out:
            setattr(report, LEFT_OUT, left_out)

    def count(self, report: pytest.TestReport) -> None:
        if report.when != "call":
            return
        if survived := getattr(report, SURVIVED, 0):
            self._tests += 1
            self._schedules += survived
        if left_out := getattr(report, LEFT_OUT, ""):
            self._left_out[left_out] += 1

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """What was tried and lived through; what was not tried, and why."""
        if self._tests:
            tests, schedules = _count(self._tests, "test"), _count(self._schedules, "schedule")
            terminalreporter.write_line(f"chaos: {tests} survived {schedules}")
        for reason, number in self._left_out.items():
            terminalreporter.write_line(f"chaos: {_count(number, 'test')} left out: {reason}")


def _count(number: int, what: str) -> str:
    return f"{number:,} {what if number == 1 else f'{what}s'}"
