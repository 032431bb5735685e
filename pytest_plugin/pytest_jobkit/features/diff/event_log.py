"""What happened to the jobs of a test, in lines that are the same wherever the same happened."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from jobkit import events
from jobkit.backend import Cancelled
from jobkit.enqueue.receipt import Status
from pytest_jobkit.recording.call_site import call_site

if TYPE_CHECKING:
    from jobkit.jobs.call import Call

_ACCIDENTAL = re.compile(
    r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"  # an UUID
    r"|\b[0-9a-fA-F]{16,}\b"  # a random name
    r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d[\d:.+Z-]*"  # an instant
    r"|\S*pytest-of-\S+"  # a folder of this very test's
)


class EventLog:
    """Hears the events of one test, on one backend."""

    def __init__(self, root: Path) -> None:
        self.lines: list[tuple[str, str]] = []
        """Each event, and the line of code that caused it."""
        self._root = root
        self._numbers: dict[str, int] = {}

    def hear(self, event: events.AnyEvent) -> None:
        if (line := self._line(event)) is not None:
            site = call_site(self._root) if isinstance(event, events.Enqueued) else None
            self.lines.append((line, "" if site is None else str(site)))

    def _line(self, event: events.AnyEvent) -> str | None:
        match event:
            case events.Enqueued(receipt=receipt, call=call) if receipt.status is Status.ACCEPTED:
                return f"enqueued {self._number(event.id)} {shown(call)} on {event.queue}{_stated(event.message)}"
            case events.Enqueued(receipt=receipt, call=call):
                by = f" by {self._number(receipt.held_by)}" if receipt.held_by else ""
                return f"not enqueued {shown(call)}: {receipt.status.value.replace('_', ' ')}{by}"
            case events.PerformedDirectly(call=call):
                return f"called {self._number(event.id)} {shown(call)}"
            case events.Started():
                return f"started {self._number(event.id)} attempt {event.attempt}"
            case events.Ended(outcome=outcome):
                error = "" if outcome.error is None else f": {_plain(repr(outcome.error))}"
                return f"ended {self._number(event.id)} attempt {event.attempt}, {outcome.state.value}{error}"
            case events.Settled(outcome=outcome):
                return f"settled {self._number(event.id)} {outcome.state.value}"
            case events.CancelAccepted(outcome=outcome):
                state = "cancelled" if isinstance(outcome, Cancelled) else "cancel pending"
                return f"cancel {self._number(event.id)}: {state}"
            case _:
                return None

    def _number(self, job_id: str) -> str:
        return f"#{self._numbers.setdefault(job_id, len(self._numbers) + 1)}"


def shown(call: Call) -> str:
    arguments = ", ".join(f"{name}={_steady(value)!r}" for name, value in call.arguments.items())
    return f"{call.job.short_name}({arguments})"


def _stated(message: Any) -> str:
    """What was asked for beside the arguments; instants of this run's own are left out."""
    delay = f", after {message.after} ms" if message.after else ", at a time" if message.at is not None else ""
    priority = f", priority {message.priority}" if message.priority else ""
    key = f", key {_plain(message.key)!r}" if message.key is not None else ""
    return f"{delay}{priority}{key}"


class _As(str):
    """A word that stands for a value which no second run has again."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _steady(value: object) -> object:
    """The value, but for what no two runs have in common."""
    match value:
        case datetime() | date() | time() | UUID():
            return _As(f"<{type(value).__name__}>")
        case str():
            return _plain(value)
        case Mapping():
            items = cast("Mapping[object, object]", value).items()
            return {_Key(_steady(key)): _steady(each) for key, each in items}
        case list() | tuple():
            return [_steady(each) for each in cast("list[object]", value)]
        case _:
            return _As(_plain(repr(value)))


class _Key:
    """Keys that became alike are still several."""

    def __init__(self, value: object) -> None:
        self._value = value

    def __repr__(self) -> str:
        return repr(self._value)


def _plain(text: str) -> str:
    return _ACCIDENTAL.sub("<...>", text)
