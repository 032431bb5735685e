"""What a test may look for in a log: a call, a pattern, a job, or an entry."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard

from jobkit.jobs.call import Call
from jobkit.jobs.job import Job
from jobkit.jobs.pattern import Pattern
from pytest_jobkit.recording.entry import Entry

if TYPE_CHECKING:
    from collections.abc import Callable

Matchable: TypeAlias = Call | Pattern | Job[..., Any] | Entry


def is_wanted(value: object) -> TypeGuard[Matchable]:
    return isinstance(value, (Call, Pattern, Job, Entry))


def matcher(wanted: Matchable) -> Callable[[Entry], bool]:
    """Whether an entry is what was wanted."""
    if isinstance(wanted, Entry):
        return lambda entry: entry.id == wanted.id
    return pattern_of(wanted).matches


def pattern_of(wanted: Call | Pattern | Job[..., Any]) -> Pattern:
    """A job alone means any call of it."""
    match wanted:
        case Call():
            return wanted.pattern
        case Pattern():
            return wanted
        case Job():
            return wanted.partial()


def check(wanted: object) -> Matchable:
    """`TypeError`, with what to write instead, for what can't be found in a log: it would never be there."""
    __tracebackhide__ = True
    if is_wanted(wanted):
        return wanted
    shown = getattr(wanted, "__name__", None) or repr(wanted)
    raise TypeError(f"look for job.call(...), job.partial(...) or a job, not {type(wanted).__name__} {shown}")


def as_list(wanted: Matchable | Iterable[Matchable] | None) -> list[Matchable]:
    """One or a list of them, as a list."""
    if wanted is None:
        return []
    if is_wanted(wanted):
        return [wanted]
    return [check(each) for each in (wanted if isinstance(wanted, Iterable) else [wanted])]
