"""The trace of a run: which jobs there were and how each ended, without what may differ from run to run."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_jobkit.recording.entry import Entry
    from pytest_jobkit.recording.recorder import Recorder


@dataclass(frozen=True)
class Trace:
    """In words, a job or an execution each. No arguments: ids and times are new ones in each run."""

    jobs: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()


def trace_of(tape: Recorder) -> Trace:
    jobs = tuple(f"{_name(entry)} on {entry.queue}{_by(entry)}" for entry in tape.jobs)
    runs = tuple(f"attempt {each.attempt} of #{each.number} {_name(each)}: {each.state}" for each in tape.executions)
    return Trace(jobs, runs)


def difference(one: Trace, other: Trace) -> list[str]:
    """The first place where they part, in two lines; empty if they do not."""
    for what, first, second in (("enqueued", one.jobs, other.jobs), ("performed", one.runs, other.runs)):
        found = _first(first, second)
        if found:
            place, here, there = found
            return [
                f"  one run {what}, as number {place}:      {here}",
                f"  another run {what}, as number {place}:  {there}",
            ]
    return []


def _first(one: Sequence[str], other: Sequence[str]) -> tuple[int, str, str] | None:
    pairs = enumerate(zip_longest(one, other, fillvalue="nothing"), start=1)
    return next(((place, here, there) for place, (here, there) in pairs if here != there), None)


def _name(entry: Entry) -> str:
    return entry.job_name if entry.job is None else entry.job.short_name


def _by(entry: Entry) -> str:
    return "" if entry.parent is None else f", by #{entry.parent.number} {_name(entry.parent)}"
