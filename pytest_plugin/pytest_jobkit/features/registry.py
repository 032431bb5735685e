"""What a run can do beyond its tests: each feature adds its options, and takes part in the runs that ask for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from pytest_jobkit import isolation
from pytest_jobkit.features import coverage, diff, payloads

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    import pytest

    from pytest_jobkit.case import Case

    Watcher: TypeAlias = Callable[[Sequence[Case], pytest.TestReport], None]
    """Is shown a test's case when it is over, and those of wider fixtures that ended with it. What it leaves
    on the report travels to the process that prints."""


class Feature(Protocol):
    """A room of its own; importing it loads nothing but pytest."""

    def add(self, parser: pytest.Parser, group: pytest.OptionGroup) -> None: ...

    def begin(self, config: pytest.Config) -> Watcher | None:
        """Take part in this run, if it asks for that; `pytest.UsageError` for what can't be meant."""
        ...


FEATURES: tuple[Feature, ...] = (payloads, coverage, diff, isolation)


def add(parser: pytest.Parser, group: pytest.OptionGroup) -> None:
    for feature in FEATURES:
        feature.add(parser, group)


def begin(config: pytest.Config) -> list[Watcher]:
    return [watcher for feature in FEATURES if (watcher := feature.begin(config)) is not None]
