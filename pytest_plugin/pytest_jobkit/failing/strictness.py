"""What fails a test by itself: said in its call phase, after its own assertions."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from jobkit.errors import LeftoverJobWarning
from jobkit.execute.outcome import Performed

if TYPE_CHECKING:
    from pytest_jobkit.case import Case
    from pytest_jobkit.recording.entry import Entry
    from pytest_jobkit.recording.recording import CreatedEnqueue

REASON_LINES = 7
"""Of a surprising error: what was raised, and the frames that lead to it."""


def check(case: Case, item: pytest.Item, strict: frozenset[str]) -> None:
    """Fail for what is a mistake on any backend; warn of jobs that were left."""
    __tracebackhide__ = True
    if found := mistakes(case, item.path):
        pytest.fail("\n".join(found), pytrace=False)
    text = "\n".join(_leftovers(case)) if case.used else ""
    if not text:
        return
    if "leftover" in strict:
        pytest.fail(text, pytrace=False)
    if _raises(item, LeftoverJobWarning(text)):
        pytest.fail(text, pytrace=False)


def mistakes(case: Case, path: object) -> list[str]:
    """What is wrong on any backend, line by line. ``path``: of the file whose test it is, or whose fixture."""
    return [*_lost(case), *_never_awaited(case), *_surprises(case, path)]


def _raises(item: pytest.Item, warning: Warning) -> bool:
    """Warn; whether a filter makes it an error."""
    try:
        item.warn(warning)
    except type(warning):
        return True
    return False


def _lost(case: Case) -> list[str]:
    return [worker.fate for worker in case.workers if worker.lost]


def never_awaited(case: Case) -> list[CreatedEnqueue]:
    return [made for made in case.tape.made if not made.enqueuing.started]


def _never_awaited(case: Case) -> list[str]:
    forgotten = never_awaited(case)
    if not forgotten:
        return []
    return [
        f"{_count(len(forgotten), 'aenqueue was', 'aenqueues were')} never awaited, so nothing was enqueued:",
        *(f"  {call!r}  made at {made.site}" for made in forgotten for call in made.calls),
    ]


def _surprises(case: Case, file: object) -> list[str]:
    deaths = [each for each in case.tape.executions if each.state == Performed.DEAD and not _expected(each, file)]
    if not deaths:
        return []
    lines = [f"{_count(len(deaths), 'job', 'jobs')} failed, and nothing in this test expected that:"]
    for entry in deaths:
        reason = (entry.reason or "no reason was given").replace(f"{case.root}{os.sep}", "")
        first, *others = reason.splitlines()[:REASON_LINES]
        lines.append(f"  #{entry.number} {entry.short}  attempt {entry.attempt}, enqueued at {entry.site}")
        lines += [f"    {first}", *(f"    {line}" for line in others)]
        lines.append(f"    expect it:  assert {entry!r} in jobs.failed")
    return lines


def _expected(entry: Entry, file: object) -> bool:
    if entry.expected or entry.origin.expected:
        return True
    return entry.inline and entry.error is not None and _reached(entry.error, file)


def _reached(error: BaseException, file: object) -> bool:
    """Whether an error that left an enqueue was caught by the test, and not by the app under test.

    The outermost frame of a traceback is the one that caught it.
    """
    if error.__traceback__ is None:
        return True  # ``assertRaises`` removes it
    path = Path(error.__traceback__.tb_frame.f_code.co_filename)
    return path == file or path.name == "conftest.py" or path.parent.name == "unittest"


def _leftovers(case: Case) -> list[str]:
    left = [
        entry
        for entry in case.tape.pending()
        if not entry.attempt and not entry.looked_at and not any(matches(entry) for matches in case.ignored)
    ]
    if not left:
        return []
    names = ", ".join(dict.fromkeys(entry.job.short_name for entry in left if entry.job is not None))
    lines = [f"{_count(len(left), 'job was', 'jobs were')} left enqueued, neither asserted nor performed:"]
    for entry in left:
        lines.append(f"  #{entry.number} {entry.short}  enqueued at {entry.site}")
        lines.append(f"    assert {entry!r} in jobs.enqueued")
    lines.append(f"  on purpose:  jobs.ignore({names}), or @pytest.mark.jobkit(allow=[{names}])")
    return lines


def _count(number: int, one: str, several: str) -> str:
    return f"{number} {one if number == 1 else several}"
