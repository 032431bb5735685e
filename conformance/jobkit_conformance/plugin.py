"""``pytest --pyargs jobkit_conformance --jobkit-harness=module:Harness``: the options, and one report of all items.

Loaded in every run of somebody's tests, so it imports nothing; what it gathers it writes when there was something.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from jobkit_conformance.suite.collector import ReportCollector

PIECE = pytest.StashKey[str]()
"""On an item: what it found, for the report."""
FIELD = "jobkit_conformance"
"""The same on the item's report, which travels to where the report is written."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("jobkit-conformance", "jobkit: checking a job backend against the contract")
    group.addoption("--jobkit-harness", metavar="TARGET", help="the backend, for --pyargs: a name, or module:Harness")
    group.addoption("--jobkit-profile", metavar="NAME", default=None, help="how much to try: quick, ci or deep (quick)")
    group.addoption("--jobkit-seed", metavar="N", type=int, default=None, help="of everything drawn (1)")
    group.addoption("--jobkit-url", metavar="URL", help="the store to use, for harnesses that take one")
    group.addoption("--jobkit-waivers", metavar="FILE", help="rules known to be broken, as TOML")
    group.addoption("--jobkit-json", metavar="PATH", help="write what was found as JSON")
    group.addoption("--jobkit-html", metavar="PATH", help="write what was found as a page")
    group.addoption(
        "--jobkit-allow-incomplete", action="store_true", help="skip rules that could not be judged: no failure"
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if call.when == "call" and PIECE in item.stash:
        setattr(report, FIELD, item.stash[PIECE])
    return report


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # with xdist the report is written once, by the one who hears of all items
        config.pluginmanager.register(Listener(config), "jobkit-conformance-report")


class Listener:
    """Hears what every item found, here or in another process."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._found: ReportCollector | None = None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        piece: str | None = getattr(report, FIELD, None)
        if piece is not None:
            if self._found is None:
                from jobkit_conformance.suite.collector import ReportCollector

                self._found = ReportCollector()
            self._found.add(piece)

    def pytest_sessionfinish(self) -> None:
        if self._found is not None:
            self._found.write(
                json=self._config.getoption("--jobkit-json"), html=self._config.getoption("--jobkit-html")
            )

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._found is not None:
            terminalreporter.section("jobkit conformance")
            terminalreporter.write_line(self._found.summary())
