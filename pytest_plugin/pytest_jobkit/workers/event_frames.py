"""A parcel: something that happened in a worker's process, as bytes for the process of the test."""

from __future__ import annotations

import pickle
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from jobkit import events
from jobkit.errors import JobkitError
from jobkit.jobs.call import Call, Options

if TYPE_CHECKING:
    from jobkit.app import App
    from jobkit.execute.outcome import Outcome


@dataclass(frozen=True)
class EventFrame:
    """An event; the line of code that caused it, and the id of the job that was running there."""

    event: events.AnyEvent
    site: tuple[str, int] | None = None
    parent: str | None = None


@dataclass(frozen=True)
class EventPayload:
    """An enqueue without its call, which holds functions."""

    job: str
    options: Options
    id: str
    queue: str
    receipt: Any
    message: Any


class RaisedElsewhere(JobkitError):
    """An error of a job in a worker's process that can't be had here; its text is what it said there."""


@dataclass(frozen=True)
class RemoteObject:
    """A value of a worker's process that can't be had here."""

    text: str

    def __repr__(self) -> str:
        return self.text


def pack(parcel: EventFrame) -> bytes | None:
    """None for what a test in another process has no use for."""
    event: Any = parcel.event
    match event:
        case events.Enqueued(call=call):
            event = EventPayload(call.job.name, call.options, event.id, event.queue, event.receipt, event.message)
        case events.Ended(outcome=outcome) | events.Settled(outcome=outcome):
            event = replace(event, outcome=picklable(outcome))
        case events.Started() | events.CancelAccepted():
            pass
        case _:
            return None
    return pickle.dumps((event, parcel.site, parcel.parent))


def unpack(packed: bytes, app: App) -> EventFrame | None:
    """What happened there, in terms of the app as it is here; None for a job that is not declared here."""
    event, site, parent = pickle.loads(packed)  # noqa: S301 - from a process that this one started
    if isinstance(event, EventPayload):
        if (job := app.jobs.get(event.job)) is None:
            return None
        call = Call(job, {}, event.options)
        event = events.Enqueued(
            id=event.id, job=event.job, queue=event.queue, call=call, receipt=event.receipt, message=event.message
        )
    return EventFrame(event, site, parent)


def picklable(outcome: Outcome) -> Outcome:
    """What came of a job, as another process can have it."""
    value = outcome.value if _travels(outcome.value) else RemoteObject(repr(outcome.value))
    return replace(outcome, value=value, error=None if outcome.error is None else _error(outcome.error))


def _error(error: BaseException) -> BaseException:
    """The same error, or one that says the same; with the traceback that it had there."""
    said = f"{type(error).__name__}: {error}"
    trace = "".join(traceback.format_exception(error))
    travelling = error if _travels(error) else RaisedElsewhere(said)
    found: BaseException = pickle.loads(pickle.dumps(travelling))  # noqa: S301 - of this process
    found.add_note(f"in the worker's process:\n{trace}")
    return found


def _travels(value: object) -> bool:
    try:
        pickle.loads(pickle.dumps(value))  # noqa: S301 - of this process
    except Exception:  # noqa: BLE001 - whatever somebody's class raises at that
        return False
    return True
