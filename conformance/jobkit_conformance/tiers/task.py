"""A piece of a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class TierTask:
    """Something that is played once in a run, and judges these rules. ``weight``: seconds that it takes, roughly."""

    words: str
    judges: frozenset[str]
    weight: float
    play: Callable[[], None]
