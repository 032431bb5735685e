"""An outcome: what came of performing a job once, and what it enqueued meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from jobkit.errors import Undecodable
from jobkit.execute.outcome import Performed
from pytest_jobkit.errors import NotIsolated
from pytest_jobkit.recording.log import Log

if TYPE_CHECKING:
    from jobkit.execute.outcome import Outcome as CoreOutcome
    from pytest_jobkit.recording.entry import Entry
    from pytest_jobkit.recording.recorder import Recorder


@dataclass(frozen=True)
class PerformedJob:
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
    def of(cls, outcome: CoreOutcome, execution: Entry, tape: Recorder) -> PerformedJob:
        children = Log("outcome.children", tape, lambda: execution.children)
        return cls(outcome.state, outcome.value, outcome.error, outcome.retry_in, outcome.reason, execution, children)

    @property
    def unexpected_error(self) -> BaseException | None:
        """The error, where no rule of the job covers it; an assertion's too, unless a rule names just that."""
        if isinstance(self.error, AssertionError) and not _is_named(self.entry, self.error):
            return self.error
        if self.error is None or self.state is not Performed.DEAD:
            return None
        job = self.entry.job
        if job is None or isinstance(self.error, (Undecodable, NotIsolated)):
            return self.error
        return None if job.rules.covers(self.error) else self.error

    def __repr__(self) -> str:
        how = f"{self.state.value}: {self.error!r}" if self.error is not None else self.state.value
        return f"<{self.entry.short} attempt {self.entry.attempt} {how}>"


def _is_named(entry: Entry, error: AssertionError) -> bool:
    """Whether a rule is about assertions, and not about all errors: those inside of a job are the test's own."""
    if entry.job is None:
        return False
    rules = entry.job.rules
    ons = (rule.on if isinstance(rule.on, tuple) else (rule.on,) for rule in rules.retries)
    named = (*rules.discard, *chain.from_iterable(ons))
    return any(issubclass(each, AssertionError) and isinstance(error, each) for each in named)
