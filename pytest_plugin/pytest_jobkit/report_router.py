"""Who counts reports hears those of tests with jobs only: all other tests pay for one question a report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pytest

MARK = "jobkit_jobs"
"""An attribute of a report: it travels with it from a worker of pytest-xdist to the process that prints."""


def is_worker(config: pytest.Config) -> bool:
    """Whether this process is one of pytest-xdist's, whose reports another one prints."""
    return hasattr(config, "workerinput")


class ReportCounter(Protocol):
    def count(self, report: pytest.TestReport) -> None: ...


class ReportRouter:
    """Passes on each report that bears the mark, also from other processes."""

    def __init__(self, *counts: ReportCounter) -> None:
        self._counts = counts

    @staticmethod
    def mark(report: pytest.TestReport) -> None:
        setattr(report, MARK, True)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if MARK in vars(report):
            for each in self._counts:
                each.count(report)
