"""What went wrong, in sentences that need no explanation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_jobkit.chaos.config import CRASH_AFTER, CRASH_BEFORE, DELAY, DUPLICATE, REORDER
from pytest_jobkit.chaos.fault import CRASH_AT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_jobkit.chaos.injected import InjectedFault

MOST = 3
"""How many jobs one sentence lists."""


def describe(happening: InjectedFault) -> str:
    """One fault, as a sentence without its full stop."""
    what, meanwhile = happening.what, _listed(happening.overtaken_by)
    again = f"; {meanwhile} came in between" if meanwhile else ""
    match happening.fault.kind:
        case kind if kind == DUPLICATE:
            return f"{what} was delivered twice: it had run, and its lease ran out before it was settled"
        case kind if kind == CRASH_AFTER:
            return f"{what} was delivered twice: the worker died after it had run, before it was settled{again}"
        case kind if kind == CRASH_BEFORE:
            return f"{what} was delivered twice, and ran once: the first worker died before it ran{again}"
        case kind if kind == CRASH_AT:
            return f"{what} was begun twice: the first worker died {happening.where}{again}"
        case kind if kind == REORDER:
            return f"{what} ran after {meanwhile}, though it was first in line"
        case kind if kind == DELAY:
            return f"{what} came late, after {meanwhile}"
        case _:
            return f"the enqueue of {what}{happening.where} found no broker"


def describe_all(told: Sequence[str]) -> str:
    """One as it is; several in the order in which they happened."""
    if len(told) == 1:
        return told[0]
    return "\n".join(f"{number}. {each}" for number, each in enumerate(told, start=1))


def _listed(jobs: Sequence[str]) -> str:
    """``a, b and c``, each once; of many the last, which are nearest to what went wrong."""
    names = list(dict.fromkeys(jobs))
    if len(names) > MOST:
        return f"{len(names) - MOST} others, {_listed(names[-MOST:])}"
    *first, last = names or [""]
    return f"{', '.join(first)} and {last}" if first else last
