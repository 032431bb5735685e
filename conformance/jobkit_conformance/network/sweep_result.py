"""What playing cases came to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from jobkit_conformance.violations import RuleViolation

C = TypeVar("C")


@dataclass
class SweepResult(Generic[C]):
    """How many were played, what came about, and the first case that broke a rule."""

    cases: int = 0
    coverage: Counter[str] = field(default_factory=Counter[str])
    broken: RuleViolation | None = None
    case: C | None = None
