"""How a check says what it found."""

from __future__ import annotations

from collections.abc import Mapping


class RuleViolation(AssertionError):
    """A rule does not hold: which, and what was seen instead."""

    def __init__(self, rule: str, seen: str) -> None:
        super().__init__(seen)
        self.rule = rule
        self.observed = seen
        self.coverage: Mapping[str, int] = {}
        """What had come about in the program until then, each as often as it did."""


class Inconclusive(Exception):
    """A check could not get to its question: something that another rule promises did not happen first."""
