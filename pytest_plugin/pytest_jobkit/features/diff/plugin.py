"""Compares what happened to each test's jobs on two backends, also where the two ran in different processes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from pytest_jobkit.backends.matrix import BACKEND
from pytest_jobkit.import_hook import on_first_import
from pytest_jobkit.report_router import is_worker
from pytest_jobkit.scoped_fixtures import STAYS

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from jobkit.events import AnyEvent
    from pytest_jobkit.features.diff.event_log import EventLog

    Lines = Sequence[tuple[str, str]]

KEY, LINES = "jobkit_diff_key", "jobkit_diff_lines"
"""Attributes of a report: they travel with it from a worker to the process that prints."""

BEFORE = 3
"""Common events that are shown before the first that is not."""


@dataclass
class TestRecord:
    """A test on one backend: what happened to its jobs, and how it ended."""

    lines: Lines = ()
    ended: str = "passed"


@dataclass
class TestPair:
    """A test, by backend."""

    name: str
    fates: dict[str, TestRecord] = field(default_factory=dict[str, TestRecord])


class DiffPlugin:
    """Hears all events while a test is on; tells what was different once all tests are through."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._happened: EventLog | None = None
        self._pairs: dict[str, TestPair] = {}
        config.add_cleanup(on_first_import("jobkit", self._install))

    def _install(self) -> None:
        from jobkit import events

        self._config.add_cleanup(events.observe(self._hear))

    def _hear(self, event: AnyEvent) -> None:
        if self._config.stash[STAYS].current is not None:
            return  # a fixture of wider scope is set up once, not on each backend
        if self._happened is None:
            from pytest_jobkit.features.diff.event_log import EventLog

            self._happened = EventLog(self._config.rootpath)
        self._happened.hear(event)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self) -> None:
        self._happened = None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if (key := key_of(item)) is not None:
            setattr(report, KEY, key)
            if report.when == "teardown":
                setattr(report, LINES, [] if self._happened is None else self._happened.lines)
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        key: str | None = getattr(report, KEY, None)
        backend: str | None = getattr(report, BACKEND, None)
        if key is None or backend is None:
            return
        fate = self._pairs.setdefault(key, TestPair(key)).fates.setdefault(backend, TestRecord())
        if report.when == "teardown":
            fate.lines = [(line, site) for line, site in getattr(report, LINES, ())]
        if report.failed or report.skipped:
            fate.ended = f"{report.outcome}{_why(report)}"

    @property
    def _both(self) -> list[TestPair]:
        return [pair for pair in self._pairs.values() if len(pair.fates) == 2]

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if is_worker(self._config) or session.exitstatus != pytest.ExitCode.OK:
            return
        if any(divergence(pair) is not None for pair in self._both):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.write_sep("=", f"jobkit diff: {self._config.getoption('--jobkit-diff')}")
        told = [lines for pair in self._both if (lines := divergence(pair)) is not None]
        tests = "1 test" if len(self._both) == 1 else f"{len(self._both)} tests"
        terminalreporter.write_line(f"{tests} ran on both, {len(told) or 'none'} of them diverged")
        for lines in told:
            for line in lines:
                terminalreporter.write_line(line)


def key_of(item: pytest.Item) -> str | None:
    """What the two runs of a test have in common; None of a test that runs once."""
    callspec: Any = getattr(item, "callspec", None)
    if callspec is None or "jobkit_backend" not in callspec.params:
        return None
    from pytest_jobkit.backends.selected import SelectedBackend

    label = SelectedBackend(callspec.params["jobkit_backend"], None).label
    others = f"-{callspec.id}-".replace(f"-{label}-", "-", 1).strip("-")
    return item.nodeid.removesuffix(f"[{callspec.id}]") + (f"[{others}]" if others else "")


def divergence(pair: TestPair) -> list[str] | None:
    """Where a test's jobs went another way, and how the test ended; None if nothing was different."""
    (left, mine), (right, theirs) = pair.fates.items()
    common = 0
    while common < min(len(mine.lines), len(theirs.lines)) and mine.lines[common][0] == theirs.lines[common][0]:
        common += 1
    if common == len(mine.lines) == len(theirs.lines):
        if mine.ended == theirs.ended:
            return None
        where = f"{pair.name}: the same {common} events, and another end"
    else:
        where = f"{pair.name} diverges at event {common + 1}"
    width = max(len(left), len(right))
    context = [_shown(f"   {'':<{width}} ", line) for line in mine.lines[max(0, common - BEFORE) : common]]
    return [
        "",
        where,
        *context,
        _shown(f" - {left:<{width}} ", _next(mine, common)),
        _shown(f" + {right:<{width}} ", _next(theirs, common)),
    ]


def _next(fate: TestRecord, place: int) -> tuple[str, str]:
    return fate.lines[place] if place < len(fate.lines) else (f"the test {fate.ended}", "")


def _shown(prefix: str, line: tuple[str, str]) -> str:
    text, site = line
    return f"{prefix} {text}{f'   {site}' if site else ''}"


def _why(report: pytest.TestReport) -> str:
    crash: Any = getattr(report.longrepr, "reprcrash", None)
    if crash is not None:
        return f": {crash.message.splitlines()[0]}"
    return f": {report.longrepr[2]}" if isinstance(report.longrepr, tuple) else ""
