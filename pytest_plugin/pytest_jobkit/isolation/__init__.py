"""Each job in a process of its own: it sees nothing that the test or another job left in this one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

    from pytest_jobkit.features.registry import Watcher
    from pytest_jobkit.marker import MarkerOptions

PROCESS = "process"


def add(parser: pytest.Parser, group: pytest.OptionGroup) -> None:
    group.addoption(
        "--jobkit-isolate",
        choices=(PROCESS,),
        default=None,
        help="process: perform each job in a process of its own, where it sees no global, patch or cache of the test's",
    )


def begin(config: pytest.Config) -> Watcher | None:
    """Nothing to do for a run as a whole."""
    return None


def wanted(config: pytest.Config, marks: MarkerOptions) -> bool:
    """Whether a test's jobs are performed apart: as its marker says, else as the run was told."""
    return (config.getoption("--jobkit-isolate") if marks.isolate is None else marks.isolate) == PROCESS
