"""What commands print: tables for people, JSON for machines, times as one says them, the question before the deed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from jobkit.errors import ConfigurationError
from jobkit.redaction import printable


def as_json(value: Any) -> None:
    print(msgspec.json.format(msgspec.json.encode(value, enc_hook=str), indent=2).decode())


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1) -> str:
    """Columns under their names; the first ``left`` of them begin at the left, the others end at the right."""
    all = [list(head), *(list(row) for row in rows)]
    widths = [max(len(row[column]) for row in all) for column in range(len(head))]
    lines = [
        "  ".join(
            cell.ljust(width) if column < left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in all
    ]
    return "\n".join(lines)


def number(value: int) -> str:
    """``1,204``, and ``-`` for none: what is not there does not shout."""
    return f"{value:,}" if value else "-"


def jobs(count: int, kind: str = "") -> str:
    """``1 dead job``, ``1,204 dead jobs``."""
    return f"{count:,} {f'{kind} ' if kind else ''}job{'' if count == 1 else 's'}"


def age(seconds: float) -> str:
    """``0.4 s``, ``12 min``, ``3.5 h``, ``9 days``: two digits that matter."""
    for limit, unit, size in ((60, "s", 1), (3600, "min", 60), (172_800, "h", 3600)):
        if seconds < limit:
            return f"{max(0.0, seconds) / size:.2g} {unit}" if seconds / size < 10 else f"{seconds / size:.0f} {unit}"
    return f"{seconds / 86_400:,.0f} days"


def instant(milliseconds: int) -> str:
    """In UTC, to the second; a time that no calendar has as its number."""
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (OverflowError, ValueError, OSError):
        return f"{milliseconds} ms"


def line_of(text: str, most: int = 80) -> str:
    """The first line of a text out of a store, as a cell of a table."""
    return printable(text.strip().partition("\n")[0], most)


def confirm(what: str, *, yes: bool) -> bool:
    """Ask before what can't be undone; without somebody to ask, refuse."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise ConfigurationError(f"{what}: nothing was done, since nobody can be asked here; say --yes")
    print(f"{what}. Go on? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() in ("y", "yes"):
        return True
    print("nothing was done", file=sys.stderr)
    return False
