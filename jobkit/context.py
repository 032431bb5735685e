"""What the running job sees of itself."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar

from jobkit.job import metadata


class JobContext:
    """The job that is running: which, which attempt, and whether it should stop.

    ``cancelled``: somebody cancelled it. ``lease_lost``: the store may have given it to another worker, so
    whatever it does from now on may happen twice. ``past_limit``: this attempt took too long, and has failed.
    ``stopping``: the worker wants to stop. A long job looks at ``should_stop`` now and then; an asynchronous one is
    also interrupted.
    """

    __slots__ = ("_headers", "attempt", "cancelled", "id", "job", "lease_lost", "past_limit", "queue", "stopping")

    def __init__(self, *, id: str, job: str, queue: str, attempt: int, headers: Mapping[str, str]) -> None:
        self.id = id
        self.job = job
        self.queue = queue
        self.attempt = attempt
        self._headers = headers
        self.cancelled = False
        self.lease_lost = False
        self.past_limit = False
        self.stopping = False

    @property
    def metadata(self) -> Mapping[str, str]:
        """What middlewares around the enqueue sent along."""
        return metadata(self._headers)

    @property
    def should_stop(self) -> bool:
        return self.cancelled or self.lease_lost or self.past_limit or self.stopping

    def __repr__(self) -> str:
        return f"<{self.job} {self.id} attempt {self.attempt} on {self.queue}>"


_current: ContextVar[JobContext | None] = ContextVar("jobkit.current_job", default=None)


def current_job() -> JobContext | None:
    """The job that runs here, in its function and whatever that calls; None outside of jobs."""
    return _current.get()


def enter(context: JobContext) -> None:
    """From here on, in this context, this job is running."""
    _current.set(context)
