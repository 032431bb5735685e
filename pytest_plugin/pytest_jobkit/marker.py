"""The marker: ``@pytest.mark.jobkit(...)``, read and checked by name."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from typing import Any, cast

import pytest

from pytest_jobkit.backends.names import CAPABILITIES
from pytest_jobkit.chaos import config
from pytest_jobkit.chaos.config import ChaosConfig

LINE = (
    "jobkit(perform='inline', backend=..., needs=[...], allow=[...], chaos=..., isolate=...): how a test's jobs "
    "are treated. perform='inline': due jobs are performed inside their own enqueue. backend: run on this backend "
    "(or each of a list), whatever the run was told. needs: capabilities (such as 'delay', or 'clock': that its "
    "clock can be moved) without which the test is skipped. allow: jobs and patterns that may be left enqueued. "
    "chaos: True, a number of runs, or faults (such as 'duplicate'): the test is run many times, with jobs "
    "delivered twice, late, in another order; 'sweep': with a crash at each effect point of each job; False: "
    "never, whatever the run was told. isolate: 'process': each job is performed in a process of its own; False: "
    "in this one, whatever the run was told."
)

PERFORM = ("manual", "inline")


@dataclass(frozen=True)
class MarkerOptions:
    """What a test's markers say, the closest one first."""

    perform: str = "manual"
    backend: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    allow: tuple[Any, ...] = ()
    chaos: ChaosConfig | bool | None = None
    """None: the run decides; False: never."""
    isolate: str | bool | None = None
    """Likewise."""


NO_MARKS = MarkerOptions()

_NAMES = tuple(field.name for field in fields(MarkerOptions))


def read(node: pytest.Item) -> MarkerOptions:
    """What the markers of a test, its class and its module say together; `pytest.UsageError` for anything else."""
    found = NO_MARKS
    for mark in reversed(list(node.iter_markers("jobkit"))):
        found = _merge(found, mark, node.nodeid)
    return found


def _merge(found: MarkerOptions, mark: pytest.Mark, where: str) -> MarkerOptions:
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
            case "isolate":
                isolate = value if value is False else _one_of(value, ("process",), "isolate", where)
                found = replace(found, isolate=isolate)
            case "backend":
                found = replace(found, backend=_backends(value, where))
            case "needs":
                needs = tuple(_one_of(_plain(each), CAPABILITIES, "needs", where) for each in _several(value))
                found = replace(found, needs=(*found.needs, *needs))
            case "chaos":
                found = replace(found, chaos=_chaos(value, where))
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


def _chaos(value: object, where: str) -> ChaosConfig | bool:
    try:
        return config.read(value) or False
    except ValueError as error:
        raise pytest.UsageError(f"{where}: jobkit(chaos=...) {error}") from error


def _wanted(value: object, where: str) -> tuple[Any, ...]:
    from pytest_jobkit.recording import matching

    try:
        return tuple(matching.check(each) for each in _several(value))
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
    close = get_close_matches(value, allowed, n=1) if isinstance(value, str) else []
    hint = f"; did you mean {close[0]!r}?" if close else "."
    raise pytest.UsageError(
        f"{where}: jobkit({name}=...) does not know {value!r}{hint} It knows: {', '.join(sorted(allowed))}"
    )
