"""How close a job comes to a pattern, field by field."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jobkit.jobs.pattern import Field, Pattern
    from pytest_jobkit.recording.entry import Entry

ROOM = 36
"""Characters of a value; of a longer one the part is shown where it differs."""


def closest(pattern: Pattern, entries: Sequence[Entry]) -> Entry | None:
    """The job of that name with the most equal fields; the first of them."""
    alike = [entry for entry in entries if entry.job_name == pattern.job.name]
    return max(alike, key=lambda entry: sum(field.equal for field in pattern.compare(entry)), default=None)


def fields_of(fields: Sequence[Field]) -> list[str]:
    """A line each, those that differ first."""
    width = max((len(field.name) for field in fields), default=0)
    lines: list[str] = []
    for field in sorted(fields, key=lambda field: field.equal):
        actual, expected = from_first_difference(field.actual, field.expected)
        if field.equal:
            lines.append(f"  {field.name:<{width}}  {actual}")
        else:
            lines.append(f"! {field.name:<{width}}  {actual}, expected {expected}")
    return lines


def from_first_difference(actual: str, expected: str) -> tuple[str, str]:
    """Long values from shortly before their first difference on."""
    if max(len(actual), len(expected)) <= ROOM:
        return actual, expected
    first = next((place for place, pair in enumerate(zip(actual, expected, strict=False)) if len(set(pair)) > 1), 0)
    start = max(0, first - ROOM // 3)
    return _cut(actual, start), _cut(expected, start)


def _cut(text: str, start: int) -> str:
    part = text[start : start + ROOM]
    return ("..." if start else "") + part + ("..." if start + ROOM < len(text) else "")
