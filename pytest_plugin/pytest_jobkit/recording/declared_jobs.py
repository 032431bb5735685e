"""The jobs that the modules of this process declare."""

from __future__ import annotations

import inspect
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jobkit.jobs.job import Job


def declared() -> dict[str, Job[..., Any]]:
    """By name; without those of modules that were unloaded."""
    if "jobkit.app" not in sys.modules:
        return {}
    from jobkit.app import apps

    return {job.name: job for app in apps() for job in app.jobs.values() if _is_live(job)}


def _is_live(job: Job[..., Any]) -> bool:
    module = sys.modules.get(job.function.__module__)
    names = getattr(inspect.unwrap(job.function), "__globals__", None)
    return module is not None and (names is None or names is vars(module))
