"""What can be observed: one event for each transition that this process causes or learns of.

Observers are called in the thread and at the place where it happens, and can't break it: what one raises is logged
as an error by ``jobkit.events``, and the job goes on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from msgspec import Struct

if TYPE_CHECKING:
    from jobkit.backend import CancelOutcome
    from jobkit.enqueue.receipt import Receipt
    from jobkit.execute.outcome import Outcome
    from jobkit.jobs.call import Call

log = logging.getLogger("jobkit.events")


class Event(Struct, frozen=True, kw_only=True):
    """Something happened to a job."""

    id: str
    job: str
    queue: str


class Enqueued(Event, frozen=True, kw_only=True):
    """A backend answered an enqueue; ``receipt.status`` says what."""

    call: Call
    receipt: Receipt
    message: Any


class PerformedDirectly(Event, frozen=True, kw_only=True):
    """A call is performed here and now, without having been stored; *started* and *ended* follow."""

    call: Call
    message: Any


class Started(Event, frozen=True, kw_only=True):
    """A worker begins to perform a delivery."""

    attempt: int


class Ended(Event, frozen=True, kw_only=True):
    """An execution ended like this. Whether the backend knows is another event."""

    attempt: int
    outcome: Outcome


class Settled(Event, frozen=True, kw_only=True):
    """The backend confirmed how the delivery ended."""

    attempt: int
    outcome: Outcome


class LeaseLost(Event, frozen=True, kw_only=True):
    """This worker no longer holds the job that it is performing; another may be performing it too."""

    attempt: int


class EnqueueCreated(Struct, frozen=True, kw_only=True):
    """An ``aenqueue`` was called, and nothing is sent until somebody awaits it."""

    enqueuing: Any
    calls: list[Call]


class Deferred(Struct, frozen=True, kw_only=True):
    """Calls that are enqueued once a transaction commits, and dropped if it is rolled back."""

    calls: list[Call]


class CancelAccepted(Struct, frozen=True, kw_only=True):
    """A backend accepted a cancel: it ended the job, or will tell the worker that has it."""

    id: str
    outcome: CancelOutcome


AnyEvent: TypeAlias = Event | EnqueueCreated | Deferred | CancelAccepted

Observer: TypeAlias = Callable[[AnyEvent], None]

observers: list[Observer] = []
"""Of this process, in the order of their calls."""


def observe(observer: Observer) -> Callable[[], None]:
    """Call ``observer`` with every event of this process from now on; the answer ends that."""
    observers.append(observer)
    return lambda: observers.remove(observer)


def emit(event: AnyEvent) -> None:
    """Call every observer. What one raises is logged by ``jobkit.events``, and changes nothing else."""
    for observer in tuple(observers):
        try:
            observer(event)
        except Exception:
            log.exception("the observer %r raised an error on the event %s", observer, type(event).__name__)
