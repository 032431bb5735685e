"""jobkit: a small job core, and what proves the backends and the apps on top of it.

Importing this loads no backend, no event loop and no test tool.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jobkit.app import App
from jobkit.errors import (
    BackendFull,
    BackendUnavailable,
    BackgroundQueueFull,
    Closed,
    ConfigurationError,
    DeclarationError,
    FailedElsewhere,
    Interrupted,
    InvalidArgument,
    InvalidMessage,
    JobkitError,
    JobkitWarning,
    LeftoverJobWarning,
    LossyArgument,
    NewerLayout,
    NotAwaitedWarning,
    ProcessLost,
    Refuse,
    RunningLoop,
    SignatureMismatch,
    Skip,
    TimeLimit,
    Undecodable,
    UnknownQueue,
    Unsupported,
    VolatileBackendWarning,
    WorkerFailed,
)
from jobkit.retry import Retry, exponential, polynomial

if TYPE_CHECKING:
    from jobkit.backends.aggregate import Aggregate
    from jobkit.enqueue.receipt import Receipt
    from jobkit.execute.context import JobContext, current_job, this_job
    from jobkit.execute.outcome import Outcome
    from jobkit.jobs.call import Call
    from jobkit.jobs.job import Job
    from jobkit.jobs.pattern import Pattern
    from jobkit.worker import Worker

_LAZY = {
    "Aggregate": "jobkit.backends.aggregate",
    "Call": "jobkit.jobs.call",
    "Job": "jobkit.jobs.job",
    "JobContext": "jobkit.execute.context",
    "Outcome": "jobkit.execute.outcome",
    "Pattern": "jobkit.jobs.pattern",
    "Receipt": "jobkit.enqueue.receipt",
    "Worker": "jobkit.worker",
    "current_job": "jobkit.execute.context",
    "this_job": "jobkit.execute.context",
}

__all__ = [
    "Aggregate",
    "App",
    "BackendFull",
    "BackendUnavailable",
    "BackgroundQueueFull",
    "Call",
    "Closed",
    "ConfigurationError",
    "DeclarationError",
    "FailedElsewhere",
    "Interrupted",
    "InvalidArgument",
    "InvalidMessage",
    "Job",
    "JobContext",
    "JobkitError",
    "JobkitWarning",
    "LeftoverJobWarning",
    "LossyArgument",
    "NewerLayout",
    "NotAwaitedWarning",
    "Outcome",
    "Pattern",
    "ProcessLost",
    "Receipt",
    "Refuse",
    "Retry",
    "RunningLoop",
    "SignatureMismatch",
    "Skip",
    "TimeLimit",
    "Undecodable",
    "UnknownQueue",
    "Unsupported",
    "VolatileBackendWarning",
    "Worker",
    "WorkerFailed",
    "current_job",
    "exponential",
    "polynomial",
    "this_job",
]


def __getattr__(name: str) -> Any:
    """Names that cost something to load are loaded when first asked for."""
    if name not in _LAZY:
        raise AttributeError(f"module 'jobkit' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_LAZY[name]), name)
