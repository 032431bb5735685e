"""A call on its way to a backend: checked, encoded, and ready to become a message."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from msgspec import UNSET

from jobkit.backend import Accepted, Conflict, Duplicate, EnqueueOutcome, KeyTaken, Message
from jobkit.enqueue.encode import encode_arguments
from jobkit.enqueue.receipt import Receipt, Status
from jobkit.errors import InvalidArgument
from jobkit.jobs.call import EPOCH, Call, Options
from jobkit.jobs.envelope import RESERVED, Envelope
from jobkit.jobs.middleware import Middleware
from jobkit.jobs.queues import Queue


@dataclass(slots=True)
class EnqueueContext:
    """One job on its way to its backend: what a middleware around enqueuing sees.

    It may add to ``metadata`` (small strings, which the running job finds in its context), and raise `Refuse`.
    """

    call: Call
    id: str
    queue: str
    coder: str
    body: bytes = field(repr=False)
    options: Options
    middlewares: Sequence[Middleware] = ()
    metadata: dict[str, str] = field(default_factory=dict[str, str])

    @classmethod
    def of(cls, call: Call, queue: Queue) -> EnqueueContext:
        """A call as it leaves through this queue; `LossyArgument` when an argument would come back changed."""
        stated = call.job.options.merged(call.options)
        return cls(
            call=call,
            id=new_id() if stated.id is UNSET else stated.id,
            queue=queue.wire_name,
            coder=queue.coder.name,
            body=encode_arguments(call.job.signature, queue.coder, call.arguments),
            options=stated,
            middlewares=queue.enqueue,
        )

    @property
    def job(self) -> str:
        return str(self.call.job.name)

    @property
    def arguments(self) -> Mapping[str, object]:
        return self.call.arguments

    def message(self) -> Message:
        if taken := self.metadata and RESERVED & self.metadata.keys():
            raise InvalidArgument(f"metadata can't be called {min(taken)!r}: that name is jobkit's own")
        stated = self.options
        return Message(
            id=self.id,
            queue=self.queue,
            body=self.body,
            priority=_or(stated.priority, 0),
            at=_or(stated.at, None),
            after=_or(stated.after, None),
            key=_or(stated.key, None),
            remember=_or(stated.remember, None),
            headers=Envelope(self.job, self.coder, self.body, self.metadata).headers(),
        )

    def receipt(self, outcome: EnqueueOutcome) -> Receipt:
        match outcome:
            case Accepted(due=due):
                return self._receipt(Status.ACCEPTED, due=due)
            case Duplicate():
                return self._receipt(Status.DUPLICATE)
            case Conflict():
                return self._receipt(Status.CONFLICT)
            case KeyTaken(by=by):
                return self._receipt(Status.KEY_TAKEN, held_by=by)

    def refused(self, reason: str) -> Receipt:
        return self._receipt(Status.REFUSED, reason=reason)

    def _receipt(
        self, status: Status, *, due: int | None = None, held_by: str | None = None, reason: str | None = None
    ) -> Receipt:
        return Receipt(
            id=self.id,
            job=self.job,
            queue=self.queue,
            status=status,
            due=None if due is None else _datetime(due),
            held_by=held_by,
            reason=reason,
        )


def new_id() -> str:
    """96 random bits: two jobs never share one."""
    return os.urandom(12).hex()


def _or(value: Any, default: Any) -> Any:
    return default if value is UNSET else value


def _datetime(milliseconds: int) -> datetime:
    try:
        return EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return datetime.max.replace(tzinfo=EPOCH.tzinfo)
