"""What a report is headed with beside its backends: who has a fixture of our name, what runs on one backend only."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pytest


class HeaderNotes:
    """Says each thing once."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def overridden(self, places: Iterable[object]) -> list[str]:
        """A line for each file that takes the short name of the fixture."""
        taken = {_path(place) for place in places if _has_own_jobs(place)} - self._said
        self._said |= taken
        return [f"jobkit: {path} has a fixture jobs of its own; jobkit's is jobkit_jobs" for path in sorted(taken)]


def unittest_note(items: Sequence[pytest.Item], backends: Sequence[str]) -> list[str]:
    """`unittest` makes its tests itself, so that pytest can't make several of one."""
    first, *others = backends
    left = sum("jobkit_jobs" in getattr(item, "fixturenames", ()) for item in items if _of_unittest(item))
    if not others or not left:
        return []
    number = "1 test" if left == 1 else f"{left} tests"
    return [f"jobkit: {number} of unittest classes, on {first} only: pytest can't run them once for each backend"]


def _has_own_jobs(plugin: object) -> bool:
    found = getattr(plugin, "jobs", None)
    is_fixture = "fixture" in type(found).__name__.lower() or hasattr(found, "_pytestfixturefunction")
    return is_fixture and not getattr(plugin, "__name__", "").startswith("pytest_jobkit")


def _of_unittest(item: pytest.Item) -> bool:
    unittest = sys.modules.get("unittest")
    return unittest is not None and issubclass(getattr(item, "cls", None) or object, unittest.TestCase)


def _path(plugin: object) -> str:
    return str(getattr(plugin, "__file__", plugin))
