"""Job coverage: which jobs no test ever enqueued, performed, saw fail, retried or delivered twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_jobkit.features.registry import Watcher


def add(parser: pytest.Parser, group: pytest.OptionGroup) -> None:
    group.addoption(
        "--jobkit-coverage",
        action="store_true",
        default=False,
        help="say in the summary which declared jobs no test enqueued, performed, saw fail, retried or delivered twice",
    )
    group.addoption(
        "--jobkit-coverage-json",
        metavar="FILE",
        default=None,
        help="write the job coverage to this file; implies --jobkit-coverage",
    )
    group.addoption(
        "--jobkit-coverage-fail-under",
        metavar="PERCENT",
        type=float,
        default=None,
        help="fail the run if tests performed fewer of the declared jobs than this; implies --jobkit-coverage",
    )


def begin(config: pytest.Config) -> Watcher | None:
    file = config.getoption("--jobkit-coverage-json")
    least = config.getoption("--jobkit-coverage-fail-under")
    if not (config.getoption("--jobkit-coverage") or file is not None or least is not None):
        return None
    if least is not None and not 0 <= least <= 100:
        raise pytest.UsageError(f"--jobkit-coverage-fail-under is a percentage, 0 to 100, not {least:g}")
    from pytest_jobkit.features.coverage.collector import CoverageCollector

    counting = CoverageCollector(config, file, least)
    config.pluginmanager.register(counting, "jobkit-coverage")
    return counting.see
