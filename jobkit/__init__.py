"""jobkit: a small job core, and what proves the backends and the apps on top of it.

Importing this loads no backend, no event loop and no test tool.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jobkit.app import App
from jobkit.errors import (
    BackendFull,
    BackendUnavailable,
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
    PostFull,
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
)
from jobkit.retry import Retry, exponential, polynomial

if TYPE_CHECKING:
    from jobkit.backends.aggregate import Aggregate
    from jobkit.call import Call
    from jobkit.context import JobContext, current_job, this_job
    from jobkit.declared import Job
    from jobkit.outcome import Outcome
    from jobkit.pattern import Pattern
    from jobkit.receipt import Receipt
    from jobkit.worker import Worker

_LAZY = {
    "Aggregate": "jobkit.backends.aggregate",
    "Call": "jobkit.call",
    "Job": "jobkit.declared",
    "JobContext": "jobkit.context",
    "Outcome": "jobkit.outcome",
    "Pattern": "jobkit.pattern",
    "Receipt": "jobkit.receipt",
    "Worker": "jobkit.worker",
    "current_job": "jobkit.context",
    "this_job": "jobkit.context",
}

__all__ = [
    "Aggregate",
    "App",
    "BackendFull",
    "BackendUnavailable",
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
    "PostFull",
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
