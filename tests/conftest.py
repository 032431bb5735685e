"""For every test here: how many processes they share, in which order they run, and what only marked ones may do."""

from __future__ import annotations

import compileall
import os
from typing import Any

import pytest

from tests.realtime import MarkerCheck, is_realtime

PACKAGES = ("jobkit", "pytest_plugin/pytest_jobkit", "conformance/jobkit_conformance")

MARKERS = ("realtime", "invariant")
"""Markers that CI reads in the junit file."""


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        for package in PACKAGES:  # else each process that a test starts does, where Python may not write bytecode
            compileall.compile_dir(config.rootpath / package, quiet=2)
    config.pluginmanager.register(MarkerCheck())  # hooks of a conftest are not asked about fixtures of the session
    if "CI_REPORTS" in os.environ and not hasattr(config, "workerinput"):
        os.environ.pop(
            "PYTEST_ADDOPTS", None
        )  # read by now; runs of pytest within tests would write CI's junit file too
        config.pluginmanager.register(_FirstFailureDecides(config))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: a third of a test's time it waits, for processes and servers of its own."""
    return len(os.sched_getaffinity(0)) + 1


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests without the marker ``realtime`` first, and tell CI each test's id and markers."""
    items.sort(key=is_realtime)
    for item in items:
        item.user_properties.append(("id", item.nodeid))
        item.user_properties += [("marker", name) for name in MARKERS if item.get_closest_marker(name)]


class _FirstFailureDecides:
    """Ends a run of CI at the first failure of a test that nothing but a fault in the code can fail."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        self._session = session

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and ("marker", "realtime") not in map(tuple, report.user_properties):
            why = f"{report.nodeid} failed, which is not marked realtime"
            distributed: Any = self._config.pluginmanager.get_plugin("dsession")
            if distributed is None:
                self._session.shouldfail = why
            else:
                distributed.shouldstop = why
