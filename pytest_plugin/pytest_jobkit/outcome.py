"""An outcome: what came of performing a job once, and what it enqueued meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jobkit.errors import Undecodable
from jobkit.outcome import Performed
from pytest_jobkit.log import Log

if TYPE_CHECKING:
    from jobkit.outcome import Outcome as CoreOutcome
    from pytest_jobkit.entry import Entry
    from pytest_jobkit.tape import Tape


@dataclass(frozen=True)
class Outcome:
    """What came of performing a job once.

    ``state``: succeeded, retrying, discarded, dead or skipped. ``value``: what it returned. ``error``: what it
    raised. ``retry_in``: seconds until the next attempt. ``children``: what it enqueued. ``reason``: why it is
    dead, discarded or skipped, in words.
    """

    state: Performed
    value: Any
    error: BaseException | None
    retry_in: float | None
    reason: str | None
    entry: Entry
    children: Log

    @classmethod
    def of(cls, outcome: CoreOutcome, execution: Entry, tape: Tape) -> Outcome:
        children = Log("outcome.children", tape, lambda: execution.children)
        return cls(outcome.state, outcome.value, outcome.error, outcome.retry_in, outcome.reason, execution, children)

    @property
    def unforeseen(self) -> BaseException | None:
        """The error, where no rule of the job covers it."""
        if self.error is None or self.state is not Performed.DEAD:
            return None
        job = self.entry.job
        if job is None or isinstance(self.error, Undecodable):
            return self.error
        return None if job.rules.covers(self.error) else self.error

    def __repr__(self) -> str:
        how = f"{self.state.value}: {self.error!r}" if self.error is not None else self.state.value
        return f"<{self.entry.short} attempt {self.entry.attempt} {how}>"
