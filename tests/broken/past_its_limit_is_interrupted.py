"""A job past its limit is given back at no cost of an attempt, and hangs for ever."""

from __future__ import annotations

from typing import Any

from jobkit.errors import TimeLimit
from jobkit.execute.context import JobContext
from jobkit.execute.outcome import Outcome, Performed
from jobkit.execute.perform import outcome_of_error
from jobkit.retry import Rules
from tests.broken.patched import PatchedWorker

RULE = "W13"


def _interrupted(rules: Rules, context: JobContext, error: BaseException) -> Outcome:
    if isinstance(error, TimeLimit):
        return Outcome(state=Performed.INTERRUPTED, error=error)
    return outcome_of_error(rules, context, error)


class Harness(PatchedWorker):
    def faults(self) -> dict[str, Any]:
        return {"jobkit.execute.perform.outcome_of_error": _interrupted}
