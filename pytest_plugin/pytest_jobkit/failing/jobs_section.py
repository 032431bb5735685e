"""The timeline of a failing test: who enqueued what, from where, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobkit.execute.outcome import Performed
from pytest_jobkit.failing.strictness import never_awaited
from pytest_jobkit.recording.recording import Note
from pytest_jobkit.recording.status_text import distance, raised, status_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_jobkit.case import Case
    from pytest_jobkit.recording.entry import Entry

WIDEST = 72
"""Of a column; what is longer moves the rest of its line."""

DEEPEST = 12
"""Levels of jobs that enqueue jobs; of deeper ones it is said how many there are."""

HEAD, TAIL = 30, 10
"""Lines that are shown of a timeline that is longer than both."""


def sections(case: Case) -> list[tuple[str, str]]:
    """What a failing report shows below: the jobs, and what each worker process printed."""
    logs = [(f"Captured log of {worker}", worker.tail()) for worker in case.workers]
    return [("Captured jobs", timeline(case)), *logs]


def timeline(case: Case) -> str:
    """A line a job, those that a job enqueued beneath it; attempts that failed; what was not enqueued."""
    lines = _table(list(_rows(case, None, 0)))
    for made in never_awaited(case):
        lines += [f"never awaited: {call!r}  {made.site}" for call in made.calls]
    lines += [f"waits for a commit: {call!r}  {site}" for call, site in case.tape.deferred.values()]
    if len(lines) > HEAD + TAIL + 1:
        lines[HEAD:-TAIL] = [f"... {len(lines) - HEAD - TAIL} more lines ..."]
    return "\n".join(lines)


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns as wide as their cells, but for the last of a row."""
    columns = max(map(len, rows), default=0)
    widths = [
        max((min(len(row[column]), WIDEST) for row in rows if len(row) > column + 1), default=0)
        for column in range(columns)
    ]
    return ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False)).rstrip() for row in rows]


def _rows(case: Case, parent: Entry | None, depth: int) -> Iterator[list[str]]:
    """What one job enqueued, or the test."""
    indent = "  " * depth
    happened: list[Entry | Note] = [entry for entry in case.tape.jobs if entry.parent is parent]
    happened += [remark for remark in case.tape.remarks if remark.parent is parent]
    for each in sorted(happened, key=_order):
        if isinstance(each, Note):
            yield [f"{indent}- {each.text}{f', at {each.site}' if each.site else ''}"]
            continue
        yield [f"{indent}#{each.number} {each.short}", *_about(case, each)]
        yield from ([f"{indent}   {line}"] for line in _attempts(case, each))
        if depth < DEEPEST:
            yield from _rows(case, each, depth + 1)
        elif deeper := _beneath(case, {each}):
            yield [f"{indent}  ... {deeper} more beneath ..."]


def _beneath(case: Case, above: set[Entry]) -> int:
    """How many jobs these led to."""
    found = above.copy()
    for entry in case.tape.jobs:  # in which parents come before what they enqueue
        if entry.parent in found:
            found.add(entry)
    return len(found) - len(above)


def _order(happened: Entry | Note) -> float:
    return happened.after + 0.5 if isinstance(happened, Note) else happened.number


def _about(case: Case, entry: Entry) -> list[str]:
    later = entry.enqueued_ms - case.began_ms
    when = f", after {distance(later)}" if later > 0 and not case.real_time else ""
    return [f"on {entry.queue}", f"{status_text(entry, case.now_ms())}{when}", str(entry.site or "")]


def _attempts(case: Case, entry: Entry) -> list[str]:
    """Those that failed before the one that the job's line tells of."""
    runs = [each for each in case.tape.executions if each.origin is entry]
    return [
        f"attempt {each.attempt} raised {raised(each.error)}"
        for each in runs[:-1]
        if each.state in (Performed.RETRYING, Performed.DEAD)
    ]
