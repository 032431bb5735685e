"""Finds the harness that a target means: an entry point's name, or ``module:Harness``."""

from __future__ import annotations

import inspect
import sys
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from jobkit_conformance.harness import BackendHarness
from jobkit_conformance.processes.system import SystemHarness

GROUP = "jobkit.harnesses"


class BadTarget(Exception):
    """Nothing to judge under this name."""


def find(target: str, url: str | None = None) -> BackendHarness:
    """The harness of a backend; ``url`` goes to its constructor where it takes one."""
    found = find_any(target, url)
    if isinstance(found, SystemHarness):
        raise BadTarget(f"{target} presents a queue, and no backend of jobkit's: jobkit conformance asks those")
    return found


def find_any(target: str, url: str | None = None) -> BackendHarness | SystemHarness:
    """The harness, of a backend or of any queue."""
    found = _named(target) if ":" not in target else _imported(target)
    if isinstance(found, (BackendHarness, SystemHarness)):
        if url is not None:
            raise BadTarget(f"{target} is an instance already, so it takes no --url")
        return found
    if not (isinstance(found, type) and issubclass(found, (BackendHarness, SystemHarness))):
        raise BadTarget(f"{target} is no BackendHarness or SystemHarness, nor an instance of one")
    if url is None:
        return found()
    if "url" not in inspect.signature(found).parameters:
        raise BadTarget(f"{target} takes no --url: its constructor has no parameter 'url'")
    return found(url=url)  # type: ignore[call-arg]


def known() -> list[str]:
    return sorted(point.name for point in entry_points(group=GROUP))


def _named(target: str) -> Any:
    for point in entry_points(group=GROUP):
        if point.name == target:
            return point.load()
    raise BadTarget(f"no harness named {target!r}: there are {', '.join(known())}; or name one as module:Harness")


def _imported(target: str) -> Any:
    module, _, name = target.partition(":")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found: Any = import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and not module.startswith(error.name):
            raise
        raise BadTarget(f"no module {module!r} (looked in {here} and where packages are installed)") from None
    for part in (name or "Harness").split("."):
        if not hasattr(found, part):
            raise BadTarget(f"module {module!r} has no {name!r}")
        found = getattr(found, part)
    return found
