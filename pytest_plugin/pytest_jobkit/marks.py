"""The marker: ``@pytest.mark.jobkit(...)``, read and checked by name."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from typing import Any, cast

import pytest

LINE = (
    "jobkit(perform='inline', backend=..., needs=[...], allow=[...]): how a test's background jobs are treated. "
    "perform='inline': due jobs are performed inside their own enqueue. backend: run on this backend (or each of a "
    "list), whatever the run was told. needs: capabilities (such as 'delay', or 'clock': that its clock can be moved) "
    "without which the test is skipped. allow: jobs and patterns that may be left enqueued."
)

CLOCK = "clock"
"""The capability that no backend has to claim: taking the time from a clock that a test moves."""

CAPABILITIES = frozenset(
    {
        *("delay", "priority", "keys", "remember", "dead_letters", "cancel", "inspect", "wait", "pause"),
        *("checkpoints", "cells", "results", "fifo", "durable", "shared", CLOCK),
    }
)

PERFORM = ("manual", "inline")


@dataclass(frozen=True)
class Marks:
    """What a test's markers say, the closest one first."""

    perform: str = "manual"
    backend: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    allow: tuple[Any, ...] = ()


NO_MARKS = Marks()

_NAMES = tuple(field.name for field in fields(Marks))


def read(node: pytest.Item) -> Marks:
    """What the markers of a test, its class and its module say together; `pytest.UsageError` for anything else."""
    found = NO_MARKS
    for mark in reversed(list(node.iter_markers("jobkit"))):
        found = _with(found, mark, node.nodeid)
    return found


def _with(found: Marks, mark: pytest.Mark, where: str) -> Marks:
    if mark.args:
        raise pytest.UsageError(f"{where}: the marker jobkit takes named arguments only: {', '.join(_NAMES)}")
    for name, value in mark.kwargs.items():
        if name not in _NAMES:
            close = get_close_matches(name, _NAMES, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise pytest.UsageError(
                f"{where}: the marker jobkit has no argument {name!r}{hint} There are: {', '.join(_NAMES)}"
            )
        match name:
            case "perform":
                found = replace(found, perform=_one_of(value, PERFORM, "perform", where))
            case "backend":
                found = replace(found, backend=_backends(value, where))
            case "needs":
                needs = tuple(_one_of(_plain(each), CAPABILITIES, "needs", where) for each in _several(value))
                found = replace(found, needs=(*found.needs, *needs))
            case _:
                found = replace(found, allow=(*found.allow, *_wanted(value, where)))
    return found


def backends(definition: pytest.Item) -> tuple[str, ...]:
    """The backends that the closest marker names; whether it is right is asked later, item by item."""
    for mark in definition.iter_markers("jobkit"):
        if "backend" in mark.kwargs:
            return tuple(each for each in _several(mark.kwargs["backend"]) if isinstance(each, str))
    return ()


def _backends(value: object, where: str) -> tuple[str, ...]:
    names = _several(value)
    if not names or not all(isinstance(name, str) for name in names):
        raise pytest.UsageError(f"{where}: jobkit(backend=...) is a name or a list of names, not {value!r}")
    return names


def _wanted(value: object, where: str) -> tuple[Any, ...]:
    from pytest_jobkit import sought

    try:
        return tuple(sought.check(each) for each in _several(value))
    except TypeError as error:
        raise pytest.UsageError(f"{where}: jobkit(allow=...): {error}") from error


def _several(value: object) -> tuple[Any, ...]:
    return tuple(cast("list[Any]", value)) if isinstance(value, (list, tuple)) else (value,)


def _plain(name: object) -> object:
    """The contract writes ``dead-letters``."""
    return name.replace("-", "_") if isinstance(name, str) else name


def _one_of(value: object, allowed: frozenset[str] | tuple[str, ...], name: str, where: str) -> str:
    if isinstance(value, str) and value in allowed:
        return value
    raise pytest.UsageError(
        f"{where}: jobkit({name}=...) does not know {value!r}. It knows: {', '.join(sorted(allowed))}"
    )
