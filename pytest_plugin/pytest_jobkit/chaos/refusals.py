"""Why a test is refused: what chaos can't judge, and what would let it."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pytest

from pytest_jobkit.chaos.trace import difference
from pytest_jobkit.recording.call_site import is_project_file

if TYPE_CHECKING:
    from pytest_jobkit.chaos.trial import Failure, Trial


def why_not_rerunnable(item: pytest.Item) -> str:
    """Why this item can't be run many times; empty if it can."""
    if not isinstance(item, pytest.Function):
        return f"chaos runs test functions many times, which this {type(item).__name__} is none of"
    if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
        return (
            "chaos does not go with @given: both run the test many times, chaos with fresh function fixtures each "
            "time, hypothesis with the same ones. Take one example, or chaos=False"
        )
    if "subtests" in item.fixturenames:
        return subtests()
    return ""


def subtests() -> str:
    return "chaos does not go with subtests: each of its many runs would report them"


def no_jobs() -> str:
    """No job was performed, so that nothing can go wrong."""
    return (
        "chaos has nothing to act on: this test performs no job by jobs.perform(), jobs.advance() or jobs.inline() "
        "(jobs.run() and real workers are left alone), or none that may be delivered again"
    )


def nondeterministic(one: Trial, other: Trial, item: pytest.Item) -> str:
    """Two runs without any fault did different things; empty if they did not."""
    lines = difference(one.trace, other.trace)
    if not lines:
        return ""
    return "\n".join(
        [
            "chaos can't judge this test: its runs differ without any fault, so a failure would prove nothing",
            *lines,
            *_wider(item, "is set up for the first run only"),
            "  something else decides which jobs there are: random numbers, the order of a set, threads, time, a cache",
        ]
    )


def state_leaks(failure: Failure, item: pytest.Item, *, after_a_failure: bool) -> str:
    """It passed once, and then failed without any fault."""
    before = "after a run that failed" if after_a_failure else "right after a run that passed"
    return "\n".join(
        [
            f"chaos can't judge this test: {before} it fails without any fault, so something outlives its runs",
            f"  {failure}",
            *_wider(item, "lives on from run to run"),
            "  a test is run many times, each time with fresh function fixtures: let one of them reset what is kept",
            "  elsewhere (in a fixture of wider scope, a list of a module, a database)",
        ]
    )


def flaky(failure: Failure) -> str:
    """It failed, and not again."""
    return (
        f"this failed, and did not fail when it was run again in the same way:\n  {failure}\n"
        "something else than its jobs decides: random numbers, the order of a set, threads, or the time"
    )


def _wider(item: Any, what: str) -> list[str]:
    """The project's own fixtures that this test has in common with others."""
    found = [
        f"{name} ({definitions[-1].scope})"
        for name, definitions in item._fixtureinfo.name2fixturedefs.items()  # noqa: SLF001 - no public name
        if definitions[-1].scope != "function" and _is_own(definitions[-1].func)
    ]
    return [f"  of wider scope than a function, so that it {what}: {', '.join(found)}"] if found else []


def _is_own(function: Any) -> bool:
    try:
        return is_project_file(inspect.getfile(inspect.unwrap(function)))
    except TypeError:
        return False
