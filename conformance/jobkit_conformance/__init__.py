"""The conformance kit: which promises a job backend keeps, and how it breaks the others, in the fewest steps.

Importing this loads nothing else: pytest does it in every run, for an option that few runs use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jobkit_conformance.env import Env
    from jobkit_conformance.harness import BackendHarness, NotOffered
    from jobkit_conformance.processes.system import Declared, SystemHarness
    from jobkit_conformance.replayer import replay
    from jobkit_conformance.suite import conforms

_LAZY = {
    "BackendHarness": "jobkit_conformance.harness",
    "Declared": "jobkit_conformance.processes.system",
    "NotOffered": "jobkit_conformance.harness",
    "Env": "jobkit_conformance.env",
    "SystemHarness": "jobkit_conformance.processes.system",
    "conforms": "jobkit_conformance.suite",
    "replay": "jobkit_conformance.replayer",
}

__all__ = ["BackendHarness", "Declared", "Env", "NotOffered", "SystemHarness", "conforms", "replay"]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        from importlib import import_module

        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
