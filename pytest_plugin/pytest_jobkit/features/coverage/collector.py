"""Counts, for each declared job, the tests that did something with it; merged from the workers of pytest-xdist."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_jobkit.features.coverage.table import Coverage, table
from pytest_jobkit.recording.declared_jobs import declared
from pytest_jobkit.report_router import is_worker

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from jobkit.jobs.job import Job
    from pytest_jobkit.case import Case

DID = "jobkit_coverage"
"""Attribute of a report, and of what a worker hands over at its end."""


class CoverageCollector:
    """``file``: where to write it as JSON. ``least``: percent of the jobs that tests have to perform."""

    def __init__(self, config: pytest.Config, file: str | None, least: float | None) -> None:
        self._config = config
        self._file = None if file is None else Path(file)
        self._least = least
        self._declared: set[str] = set()
        self._tests: set[str] = set()
        self._counts: Counter[tuple[str, str]] = Counter()
        self._coverage: Coverage | None = None

    def see(self, cases: Sequence[Case], report: pytest.TestReport) -> None:
        """Leave on the report what its test did with which jobs."""
        setattr(report, DID, sorted({(name, did) for case in cases for name, did in did_with(case)}))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._counts.update((name, did) for name, did in getattr(report, DID, ()))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """One of pytest-xdist's workers is through."""
        self._declared |= set(getattr(node, "workeroutput", {}).get(DID, ()))

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Jobs that a test file declares for itself are no jobs of the project's."""
        self._tests |= {str(item.path) for item in session.items}
        self._tests |= {str(getattr(each, "__file__", "")) for each in self._config.pluginmanager.get_plugins()}

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        names = of_project(declared().values(), self._tests)
        if is_worker(self._config):
            vars(self._config)["workeroutput"][DID] = sorted(names)
            return
        self._coverage = Coverage(sorted(self._declared | names), self._counts)
        if self._file is not None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.write_text(json.dumps(self._coverage.as_data(), indent=2) + "\n", "utf-8")
        if self._too_little and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @property
    def _too_little(self) -> bool:
        return self._coverage is not None and self._least is not None and self._coverage.percent < self._least

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._coverage is None:
            return
        terminalreporter.write_sep("=", "jobkit coverage")
        for line in table(self._coverage):
            terminalreporter.write_line(line)
        if self._too_little:
            terminalreporter.write_line(
                f"FAIL: tests performed {self._coverage.percent:.0f}% of the jobs, and at least {self._least:g}% are "
                "wanted (--jobkit-coverage-fail-under)",
                red=True,
            )


def of_project(jobs: Iterable[Job[..., Any]], test_files: set[str]) -> set[str]:
    """The names of those that no test, test file or conftest declares for itself."""
    return {job.name for job in jobs if "<locals>" not in job.__qualname__ and _file(job) not in test_files}


def _file(job: Job[..., Any]) -> str:
    return str(getattr(sys.modules[job.function.__module__], "__file__", ""))


def did_with(case: Case) -> Iterator[tuple[str, str]]:
    """What one test did with which jobs."""
    for entry in case.tape.enqueued():
        yield entry.job_name, "enqueued"
    for name in case.tape.twice:
        yield name, "twice"
    ended: set[int] = set()
    for each in case.tape.executions:
        yield each.job_name, "performed"
        if each.state in ("retrying", "discarded", "dead"):
            yield each.job_name, "failed"
        if each.attempt > 1:
            yield each.job_name, "retried"
        if each.number in ended:
            yield each.job_name, "twice"
        if each.state != "retrying":
            ended.add(each.number)
