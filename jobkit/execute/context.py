"""What the running job sees of itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar, overload

from jobkit.coder import Coder
from jobkit.errors import Interrupted, InvalidArgument, LossyArgument, RunningLoop, Undecodable
from jobkit.execute.checkpoint import CheckpointSink, NullSink
from jobkit.jobs.envelope import metadata
from jobkit.jobs.limits import soft_time_limit
from jobkit.jobs.round_trip import first_difference
from jobkit.redaction import printable

T = TypeVar("T")

_LONG: Final = 1e9
"""Seconds: a limit beyond has no date."""


class JobContext:
    """The job that is running: which, which attempt, where it is, and whether it should stop.

    ``cancelled``: somebody cancelled it. ``lease_lost``: the store may have given it to another worker, so
    whatever it does from now on may happen twice. ``past_limit``: this attempt took too long, and has failed.
    ``stopping``: the worker wants to stop. A long job looks at ``should_stop`` now and then; an asynchronous one is
    also interrupted. ``deadline``, ``time_left`` and ``past_soft_limit`` say what time it has.
    """

    __slots__ = (
        *("_body", "_end", "_headers", "_line", "_now", "_soft_limit", "_type", "attempt", "cancelled", "coder"),
        *("deadline", "id", "job", "lease_lost", "listener", "past_limit", "queue", "soft_end", "stopping"),
    )

    def __init__(
        self,
        *,
        id: str,
        job: str,
        queue: str,
        attempt: int,
        headers: Mapping[str, str],
        checkpoint: bytes | None = None,
    ) -> None:
        self.id = id
        self.job = job
        self.queue = queue
        self.attempt = attempt
        self.deadline: datetime | None = None
        """When this attempt has taken as long as its job may."""
        self.soft_end: float | None = None
        """When it is told to end, on the clock of its event loop."""
        self._end: float | None = None
        self._soft_limit: float | None = None
        self._now: Callable[[], float] = time.monotonic
        self.coder: Coder | None = None
        """Of its arguments, and so of its checkpoints."""
        self._headers = headers
        self._body = checkpoint
        self._type: Any = None
        self._line: CheckpointSink = NullSink()
        self.listener: Callable[[str, bool], None] | None = None
        """Who is told of a flag, and whether it interrupts, where the job itself is in another process."""
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

    # How long it may take.

    def begin(self, now: Callable[[], float], *, limit: float | None, soft_limit: float | None) -> None:
        """This attempt begins: from here on its time is counted."""
        self._now, self._soft_limit = now, soft_limit
        self._end = None if limit is None else now() + limit
        self.soft_end = None if soft_limit is None else now() + soft_limit
        if limit is not None and limit < _LONG:
            self.deadline = datetime.now(UTC) + timedelta(seconds=limit)

    @property
    def time_left(self) -> float | None:
        """Seconds that this attempt has, to its soft limit if it has one, else to its limit; below 0 past it."""
        end = self._end if self.soft_end is None else self.soft_end
        return None if end is None else end - self._now()

    @property
    def past_soft_limit(self) -> bool:
        """Whether it should come to an end by itself: by raising, if it is not done."""
        return self.soft_end is not None and self._now() >= self.soft_end

    # Where it is.

    @overload
    def last_checkpoint(self, type: type[T]) -> T | None: ...

    @overload
    def last_checkpoint(self, type: type[T], default: T) -> T: ...

    def last_checkpoint(self, type: Any, default: Any = None) -> Any:
        """The latest checkpoint, of this attempt or of an earlier one; ``default`` when there is none.

        `Undecodable` when it is no value of this type: an earlier version of the job may have stored another.
        """
        self._type = type
        if self._body is None:
            return default
        try:
            return self._known_coder().decode(self._body, type)
        except (ValueError, TypeError) as error:
            raise Undecodable(f"{self.job}: the last checkpoint is no {_named(type)}: {error}") from error

    def checkpoint(self, value: object) -> None:
        """Store where this job is: should it not get to its end now, the next attempt finds this.

        Returned means stored, as durably as the backend claims. Raises `Interrupted` after that when the job should
        stop, so that a worker that stops waits no longer than until here; and when nothing can be stored any more,
        since the job may be somebody else's by now. Past the soft limit it raises `TimeLimit`. For plain jobs; an
        asynchronous one awaits `acheckpoint`.
        """
        _refuse_loop()
        body = self._encoded(value)
        self._judge(self._line.store(body).result(), body)

    async def acheckpoint(self, value: object) -> None:
        """`checkpoint` for asynchronous jobs."""
        body = self._encoded(value)
        self._judge(await asyncio.wrap_future(self._line.store(body)), body)

    @property
    def line(self) -> CheckpointSink:
        """What carries its checkpoints."""
        return self._line

    def carry(self, line: CheckpointSink) -> None:
        """Let checkpoints go this way."""
        self._line = line

    def _judge(self, stored: bool, body: bytes) -> None:  # noqa: FBT001 - an answer, not a switch
        if not stored:
            self.lease_lost = self.lease_lost or not self.past_limit
            raise Interrupted(f"{self!r}: its lease is over, so this checkpoint was not stored")
        self._body = body
        if self.should_stop:
            raise Interrupted(f"{self!r} should stop, and does so at this checkpoint")
        if self.past_soft_limit:
            raise soft_time_limit(self._soft_limit or 0)

    def _encoded(self, value: object) -> bytes:
        coder = self._known_coder()
        try:
            body = coder.encode(value)
        except (TypeError, ValueError, RecursionError) as error:
            raise InvalidArgument(f"{self.job}: this checkpoint can't be stored: {error}") from None
        if self._type is not None:
            self._check(value, body, coder)
        return body

    def _check(self, value: object, body: bytes, coder: Coder) -> None:
        """That the next attempt, which asks for the type that this one asked for, gets this very value."""
        try:
            change = first_difference(value, coder.decode(body, self._type), "checkpoint")
        except (TypeError, ValueError) as error:
            raise LossyArgument(
                f"{self.job}: this checkpoint is no {_named(self._type)}, which last_checkpoint() asked for: {error}"
            ) from None
        if change is not None:
            raise LossyArgument(f"{self.job}: {change}; ask last_checkpoint() for the type that keeps it")

    def _known_coder(self) -> Coder:
        if self.coder is None:
            raise RuntimeError(f"{self!r} has not started")
        return self.coder

    def __repr__(self) -> str:
        job, id, queue = map(printable, (self.job, self.id, self.queue))
        return f"<{job} {id} attempt {self.attempt} on {queue}>"


_current: ContextVar[JobContext | None] = ContextVar("jobkit.current_job", default=None)


def current_job() -> JobContext | None:
    """The job that runs here, in its function and whatever that calls; None outside of jobs."""
    return _current.get()


def this_job() -> JobContext:
    """The job that runs here, for code that runs in jobs only; `RuntimeError` elsewhere."""
    context = _current.get()
    if context is None:
        raise RuntimeError("no job runs here: this_job() is for what a job calls; current_job() may be None")
    return context


def enter(context: JobContext) -> None:
    """From here on, in this context, this job is running."""
    _current.set(context)


def _named(type: Any) -> str:
    return getattr(type, "__name__", None) or str(type) if getattr(type, "__origin__", None) is None else str(type)


def _refuse_loop() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise RunningLoop("checkpoint() would block the event loop that is running in this thread: await acheckpoint()")
