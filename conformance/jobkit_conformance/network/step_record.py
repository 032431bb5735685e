"""What was done in front of a store: each step, what came of it, and what happened meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from jobkit_conformance.network.case import Step


@dataclass(eq=False)
class StepRecord:
    """One step, in the order of their ends.

    ``asked``: what a step's words stand for, such as its messages or tokens. ``came``: how it ended; what was answered
    is in ``answer``. ``met``: the fault struck while it was under way. ``meanwhile``: how many of those before it
    happened while it was under way. ``repeat``: its caller does once more what failed.
    """

    step: Step
    verb: str
    asked: Any
    answer: Any = None
    error: BaseException | None = None
    result: Literal["answered", "raised", "died", "given up"] = "answered"
    was_faulted: bool = False
    meanwhile: int = 0
    repeat: bool = False
