"""One play, as it was planned, declared and written down, and how it is said that it shows a rule to be broken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from jobkit_conformance.processes.history import FOREVER, Evidence, Tale
from jobkit_conformance.processes.plan import Plan
from jobkit_conformance.processes.system import Declared

CLOCKS: Final = 0.005
"""Seconds by which a due time, or the end of a lease, may seem early: the store counts whole milliseconds, and its
clock may be set right by a few while the log's is not."""


@dataclass(frozen=True)
class Seen:
    """A rule is broken: what was seen, and of which job or worker."""

    rule: str
    words: str
    job: str = ""
    worker: str = ""


@dataclass(frozen=True)
class Case:
    """One play, as it was planned, declared and written down."""

    plan: Plan
    declared: Declared
    evidence: Evidence

    @property
    def recovery(self) -> float | None:
        """Seconds within which the jobs of a lost worker start again."""
        declared = self.declared
        return None if declared.lease is None else declared.lease + declared.slack


Check: TypeAlias = Callable[[Case], Iterator[Seen]]


def unfinished(case: Case) -> Iterator[Tale]:
    for tale in case.evidence.tales.values():
        if tale.accepted != FOREVER and not tale.ended:
            yield tale


def fate(tale: Tale) -> str:
    if not tale.executions:
        return "was never started"
    last = tale.executions[-1]
    return f"was started {times(len(tale.executions))}, the last time by {last.worker.name}, never ended"


def times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
