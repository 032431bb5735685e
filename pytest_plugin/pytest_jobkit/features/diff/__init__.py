"""Two backends beside each other: the first event at which a test's jobs go another way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_jobkit.features.registry import Watcher


def add(parser: pytest.Parser, group: pytest.OptionGroup) -> None:
    group.addoption(
        "--jobkit-diff",
        metavar="A,B",
        default=None,
        help="run each test that uses jobs on these two backends, and show the first event at which they diverge",
    )


def backends(config: pytest.Config) -> str | None:
    """The two that a run compares, as ``--jobkit-backend`` takes them; `pytest.UsageError` for what can't be meant."""
    both = config.getoption("--jobkit-diff")
    if both is None:
        return None
    if len(str(both).split(",")) != 2:
        raise pytest.UsageError(f"--jobkit-diff takes two backends, A,B, not {both!r}")
    return str(both)


def begin(config: pytest.Config) -> Watcher | None:
    both = backends(config)
    if both is None:
        return None
    from pytest_jobkit.features.diff.plugin import DiffPlugin

    config.pluginmanager.register(DiffPlugin(config), "jobkit-diff")
    return None
