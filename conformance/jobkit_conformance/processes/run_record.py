"""One play, as it was planned, declared and written down, and how it is said that it shows a rule to be broken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from jobkit_conformance.processes.history import FOREVER, History, JobHistory
from jobkit_conformance.processes.plan import Plan
from jobkit_conformance.processes.system import Declared

CLOCKS: Final = 0.005
"""Seconds by which a due time, or the end of a lease, may seem early: the store counts whole milliseconds, and its
clock may be set right by a few while the log's is not."""


@dataclass(frozen=True)
class Violation:
    """A rule is broken: what was seen, and of which job or worker."""

    rule: str
    words: str
    job: str = ""
    worker: str = ""


@dataclass(frozen=True)
class RunRecord:
    """One play, as it was planned, declared and written down."""

    plan: Plan
    declared: Declared
    evidence: History

    @property
    def recovery(self) -> float | None:
        """Seconds within which the jobs of a lost worker start again."""
        declared = self.declared
        return None if declared.lease is None else declared.lease + declared.slack


Check: TypeAlias = Callable[[RunRecord], Iterator[Violation]]


def unfinished(case: RunRecord) -> Iterator[JobHistory]:
    for tale in case.evidence.tales.values():
        if tale.accepted != FOREVER and not tale.ended:
            yield tale


def describe_end(tale: JobHistory) -> str:
    if not tale.executions:
        return "was never started"
    last = tale.executions[-1]
    return f"was started {times(len(tale.executions))}, the last time by {last.worker.name}, never ended"


def times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
