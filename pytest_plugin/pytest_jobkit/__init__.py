"""Tests for background jobs: one fixture, plain ``assert``, any backend.

Importing this loads nothing else; a run without jobs pays for none of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_jobkit.endless_jobs import TooManyPerforms
    from pytest_jobkit.jobs import Jobs
    from pytest_jobkit.performing.outcome import PerformedJob
    from pytest_jobkit.recording.entry import Entry
    from pytest_jobkit.recording.log import Log
    from pytest_jobkit.workers.process import WorkerProcess, Workers

_LAZY = {
    "Entry": "pytest_jobkit.recording.entry",
    "Jobs": "pytest_jobkit.jobs",
    "Log": "pytest_jobkit.recording.log",
    "PerformedJob": "pytest_jobkit.performing.outcome",
    "TooManyPerforms": "pytest_jobkit.endless_jobs",
    "WorkerProcess": "pytest_jobkit.workers.process",
    "Workers": "pytest_jobkit.workers.process",
}

__all__ = ["Entry", "Jobs", "Log", "PerformedJob", "TooManyPerforms", "WorkerProcess", "Workers"]


def __getattr__(name: str) -> object:
    """What annotations and ``except`` clauses name is loaded when first asked for."""
    if name not in _LAZY:
        raise AttributeError(f"module 'pytest_jobkit' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_LAZY[name]), name)
