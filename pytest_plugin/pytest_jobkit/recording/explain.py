"""Failed comparisons of logs and entries, explained: the first eight lines carry the answer."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from jobkit.jobs.job import Job
from pytest_jobkit.recording.closest_match import closest, fields_of
from pytest_jobkit.recording.entry import Entry
from pytest_jobkit.recording.log import Count, Kind, Log, is_list
from pytest_jobkit.recording.matching import Matchable, is_wanted, pattern_of
from pytest_jobkit.recording.status_text import status_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jobkit.jobs.pattern import Pattern

LINES, CHARACTERS = 8, 640
"""Where pytest cuts."""

WIDEST = 110


def explain(op: str, left: object, right: object, *, verbose: bool) -> list[str] | None:
    """What to say instead of two reprs; None where it is not about jobs."""
    lines = _explain(op, left, right)
    return lines if lines is None or verbose else fit(lines)


def _explain(op: str, left: object, right: object) -> list[str] | None:
    if isinstance(right, Log) and is_wanted(left):
        if op == "in":
            return [f"{shown(left)} in {right.name}", *missing(left, right)]
        if op == "not in":
            return [f"{shown(left)} not in {right.name}", *map(line, right.matching(left))]
    if isinstance(left, Count) or isinstance(right, Count):
        return _miscounted(op, left, right)
    if op == "==":
        if isinstance(right, (Log, Entry)) and not isinstance(left, (Log, Entry)):
            left, right = right, left
        if isinstance(left, Log) and is_list(right):
            return [f"{left.name} == {right!r}", *_unequal(left, right)]
        if isinstance(left, Entry) and is_wanted(right):
            return [f"{left!r} == {shown(right)}", *_different(left, right)]
    return None


def shown(wanted: Matchable) -> str:
    return wanted.short_name if isinstance(wanted, Job) else repr(wanted)


def line(entry: Entry) -> str:
    """Which it is, and where it comes from."""
    where = f", enqueued at {entry.site}" if entry.site else ""
    return f"#{entry.number} {entry.short}{where}"


# Nothing like it in a log.


def missing(wanted: Matchable, log: Log) -> list[str]:
    """Where the job is instead, or what comes closest to it, or what there is."""
    now = log.tape.now_ms()
    if isinstance(wanted, Entry):
        return [f"#{wanted.number} is {status_text(wanted.origin, now)}"]
    pattern = pattern_of(wanted)
    elsewhere = [entry for entry in log.tape.jobs if pattern.matches(entry)]
    if elsewhere:
        return [
            text
            for entry in elsewhere
            for text in (f"#{entry.number} is like that, and is {_whereabouts(entry, log, now)}", f"  {line(entry)}")
        ]
    entries = list(log)
    if (nearest := closest(pattern, entries)) is None:
        return [*_deferred(pattern, log), *_no_such_job(pattern, log, entries)]
    return [*_comparison(pattern, nearest), *_others(entries, nearest)]


def _whereabouts(entry: Entry, log: Log, now: int) -> str:
    """Where it stands, its queue where the log is narrowed, and what would perform it."""
    queue = f" on {entry.queue}" if log.narrowed else ""
    verb = ""
    if entry.waits and log.kind is not Kind.JOBS:
        verb = ": jobs.advance(...) gets there" if entry.since_ms > now else ": jobs.perform() performs it"
    return f"{status_text(entry, now)}{queue}{verb}"


def _no_such_job(pattern: Pattern, log: Log, entries: Sequence[Entry]) -> list[str]:
    if not entries:
        return [f"{log.name} is empty"]
    name: str = pattern.job.short_name
    names = [entry.job_name if entry.job is None else entry.job.short_name for entry in entries]
    close = get_close_matches(name, set(names) - {name}, n=1)
    others = "1 other" if len(entries) == 1 else f"{len(entries)} others"
    hint = f"; did you mean {close[0]} ({names.count(close[0])} there)?" if close else f", but {others}:"
    return [f"no {name} there{hint}", *map(line, entries)]


def _deferred(pattern: Pattern, log: Log) -> list[str]:
    """What would be there if a transaction had committed, which under a test it often never does."""
    return [
        f"{call!r} waits for a commit, at {site}"
        for call, site in log.tape.deferred.values()
        if call.job.name == pattern.job.name
    ]


def _comparison(pattern: Pattern, entry: Entry) -> list[str]:
    compared = pattern.compare(entry)
    equal = sum(field.equal for field in compared)
    where = f", enqueued at {entry.site}," if entry.site else ""
    return [f"closest is #{entry.number}{where} with {equal} of {len(compared)} equal", *fields_of(compared)]


def _others(entries: Sequence[Entry], but: Entry) -> list[str]:
    others = [f"#{entry.number} {entry.short}" for entry in entries if entry is not but]
    return [f"also there: {', '.join(others)}"] if others else []


def _miscounted(op: str, left: object, right: object) -> list[str]:
    """What there is of it, or what comes closest."""
    lines = [f"{_counted(left)} {op} {_counted(right)}"]
    for count in (left, right):
        if isinstance(count, Count):
            found = map(line, count.found) if count.found else missing(count.wanted, count.log)
            lines += [f"there {'is' if count == 1 else 'are'} {count:d}{':' if count.found else ''}", *found]
    return lines


def _counted(side: object) -> str:
    return f"{side.log.name}.count({shown(side.wanted)})" if isinstance(side, Count) else repr(side)


# Two lists, or an entry and what it is not.


def _unequal(log: Log, others: Sequence[object]) -> list[str]:
    entries = list(log)
    lines = [f"{len(entries)} there, {len(others)} expected"] if len(entries) != len(others) else []
    for place, (entry, wanted) in enumerate(zip(entries, others, strict=False)):
        if is_wanted(wanted) and not log.fits(entry, wanted):
            lines += [f"[{place}] {line(entry)}, expected {shown(wanted)}", *_differing(entry, wanted)]
    lines += [f"[{place}] {line(entry)}, not expected" for place, entry in enumerate(entries) if place >= len(others)]
    lines += [f"[{place}] missing: {shown_or_repr(each)}" for place, each in enumerate(others) if place >= len(entries)]
    return lines


def shown_or_repr(value: object) -> str:
    return shown(value) if is_wanted(value) else repr(value)


def _different(entry: Entry, wanted: Matchable) -> list[str]:
    if isinstance(wanted, Entry):
        return [line(entry), line(wanted)]
    pattern = pattern_of(wanted)
    if entry.job_name != pattern.job.name:
        return [f"{line(entry)}, is no {pattern.job.short_name}"]
    return [line(entry), *fields_of(pattern.compare(entry))]


def _differing(entry: Entry, wanted: Matchable) -> list[str]:
    """Only the fields that differ, where it is the same job."""
    if isinstance(wanted, Entry) or entry.job_name != pattern_of(wanted).job.name:
        return []
    differing = [field for field in pattern_of(wanted).compare(entry) if not field.equal]
    return [f"  {each}" for each in fields_of(differing)]


def fit(lines: Sequence[str]) -> list[str]:
    """What pytest would cut anyway is cut here, at the end of a line."""
    fitting: list[str] = []
    room = CHARACTERS
    for each in lines[:LINES]:
        part = each if len(each) <= WIDEST else f"{each[: WIDEST - 3]}..."
        room -= len(part)
        if room >= 0:
            fitting.append(part)
    return fitting
