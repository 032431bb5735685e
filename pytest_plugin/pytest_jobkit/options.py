"""What a run can be told: command line options and ini keys."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from pytest_jobkit.backends.names import DEFAULT
from pytest_jobkit.chaos import options
from pytest_jobkit.chaos.options import Flags
from pytest_jobkit.features import diff, registry

STRICT = frozenset({"leftover"})


@dataclass(frozen=True)
class Options:
    """What this run was told.

    ``backends``: one name or more. ``strict``: which of the warnings are errors.
    """

    backends: tuple[str, ...]
    redis_url: str | None
    strict: frozenset[str]
    chaos: Flags


def add(parser: pytest.Parser) -> None:
    group = parser.getgroup("jobkit", "background jobs (jobkit)")
    group.addoption(
        "--jobkit-backend",
        metavar="NAME[,NAME...]",
        default=DEFAULT,
        help="what the jobs of this run are kept in: inline (memory, the default), fakeredis, sqlite (a file for the "
        "run), redis (a private server is started), a URL, the name of an entry point, or module:factory; several run "
        "each test that uses jobs once on each",
    )
    group.addoption(
        "--jobkit-redis-url",
        metavar="URL",
        default=None,
        help="the server for the backend named redis, instead of a private one; each test keeps to a namespace of its "
        "own there, and removes it",
    )
    options.add(parser, group)
    parser.addini(
        "jobkit_strict",
        "what fails a test instead of warning: leftover (a job left enqueued that nothing asserted or performed)",
        type="args",
        default=[],
    )
    registry.add(parser, group)


def read(config: pytest.Config) -> Options:
    """The options of this run; `pytest.UsageError` for what can't be meant."""
    both, chosen = diff.backends(config), str(config.getoption("--jobkit-backend"))
    if both is not None and chosen != DEFAULT:
        raise pytest.UsageError("--jobkit-diff says which backends: leave out --jobkit-backend")
    names = tuple(name.strip() for name in (both or chosen).split(","))
    if not all(names):
        raise pytest.UsageError("--jobkit-backend: a name is missing; it takes NAME[,NAME...]")
    if len(set(names)) < len(names):
        raise pytest.UsageError("--jobkit-backend: each backend once")
    strict = frozenset(config.getini("jobkit_strict"))
    if unknown := sorted(strict - STRICT):
        raise pytest.UsageError(f"jobkit_strict: there is no {unknown[0]!r}; it takes {', '.join(sorted(STRICT))}")
    return Options(
        backends=names,
        redis_url=config.getoption("--jobkit-redis-url"),
        strict=strict,
        chaos=options.read(config),
    )
