"""A pattern: what a test expects of a job, and how close a job comes to it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol, cast

from msgspec import UNSET, Struct, UnsetType, structs

from jobkit.jobs.call import EPOCH, Call, duration, instant, shown_duration, shown_instant
from jobkit.redaction import redacted


class RecordedJob(Protocol):
    """A job as a test saw it enqueued; times are epoch milliseconds."""

    @property
    def job_name(self) -> str: ...
    @property
    def args(self) -> Mapping[str, object]:
        """By name, defaults included."""
        ...

    @property
    def queue(self) -> str: ...
    @property
    def priority(self) -> int: ...
    @property
    def key(self) -> str | None: ...
    @property
    def due_ms(self) -> int: ...
    @property
    def enqueued_ms(self) -> int: ...
    @property
    def parent_name(self) -> str | None: ...


class Field(Struct, frozen=True):
    """One thing that was expected, and what was there."""

    name: str
    expected: str
    actual: str
    equal: bool


class Pattern(Struct, frozen=True, eq=False):
    """Matches jobs by name, arguments, and whatever else is stated; it can't be enqueued.

    Arguments are all compared, or with ``partial`` the named ones only, nested mappings by containment. Expected
    values may be anything that knows how to be equal.
    """

    job: Any
    arguments: Mapping[str, object]
    partial: bool = False
    queue: str | UnsetType = UNSET
    due_ms: int | UnsetType = UNSET
    delay_ms: int | UnsetType = UNSET
    priority_is: int | UnsetType = UNSET
    key_is: str | UnsetType = UNSET
    parent: Any = UNSET

    @classmethod
    def of_call(cls, call: Call) -> Pattern:
        stated = call.options
        return cls(
            job=call.job,
            arguments=call.job.signature.complete(call.arguments),
            queue=stated.queue if stated.queue is UNSET else call.job.app.check_queue(stated.queue),
            due_ms=stated.at,
            delay_ms=stated.after,
            priority_is=stated.priority,
            key_is=stated.key,
        )

    def on(self, queue: str) -> Pattern:
        """In this queue, by its name or an alias."""
        return structs.replace(self, queue=self.job.app.check_queue(queue))

    def at(self, when: datetime) -> Pattern:
        """Due at this instant, to the millisecond."""
        return structs.replace(self, due_ms=instant(when))

    def after(self, delay: float | timedelta) -> Pattern:
        """Enqueued with this delay, in seconds or as a timedelta."""
        return structs.replace(self, delay_ms=duration("delay", delay))

    def now(self) -> Pattern:
        """Not delayed."""
        return structs.replace(self, delay_ms=0)

    def priority(self, priority: int) -> Pattern:
        return structs.replace(self, priority_is=priority)

    def key(self, key: str) -> Pattern:
        return structs.replace(self, key_is=key)

    def by(self, parent: Any) -> Pattern:
        """Enqueued while this job was running; None: by no job."""
        return structs.replace(self, parent=parent)

    def matches(self, seen: RecordedJob) -> bool:
        return seen.job_name == self.job.name and all(field.equal for field in self.compare(seen))

    def compare(self, seen: RecordedJob) -> list[Field]:
        """Everything stated, beside what a job has."""
        fields = [self._argument(name, seen) for name in self._compared(seen)]
        if self.queue is not UNSET:
            fields.append(_field("queue", self.queue, seen.queue))
        if self.due_ms is not UNSET:
            fields.append(_field("due", self.due_ms, seen.due_ms, _when))
        if self.delay_ms is not UNSET:
            fields.append(_field("delay", self.delay_ms, max(0, seen.due_ms - seen.enqueued_ms), _long))
        if self.priority_is is not UNSET:
            fields.append(_field("priority", self.priority_is, seen.priority))
        if self.key_is is not UNSET:
            fields.append(_field("key", self.key_is, seen.key))
        if self.parent is not UNSET:
            fields.append(_field("by", self.parent and self.parent.name, seen.parent_name))
        return fields

    def _compared(self, seen: RecordedJob) -> list[str]:
        if self.partial or seen.job_name != self.job.name:
            return list(self.arguments)
        return list({**self.arguments, **seen.args})

    def _argument(self, name: str, seen: RecordedJob) -> Field:
        missing = object()
        expected, actual = self.arguments.get(name, missing), seen.args.get(name, missing)
        if expected is missing or actual is missing:
            return Field(
                name,
                expected="no such argument" if expected is missing else redacted(expected),
                actual="no such argument" if actual is missing else redacted(actual),
                equal=False,
            )
        equal = contains(expected, actual) if self.partial else bool(expected == actual)
        return Field(name, redacted(expected), redacted(actual), equal)

    def __repr__(self) -> str:
        arguments = (
            ", ".join(f"{name}={redacted(value)}" for name, value in self.arguments.items())
            if self.partial
            else self.job.signature.spelled(self.arguments, redacted)
        )
        narrowed = [
            f".on({self.queue!r})" if self.queue is not UNSET else "",
            f".at({shown_instant(self.due_ms)})" if self.due_ms is not UNSET else "",
            "" if self.delay_ms is UNSET else f".after({shown_duration(self.delay_ms)})" if self.delay_ms else ".now()",
            f".priority({self.priority_is})" if self.priority_is is not UNSET else "",
            f".key({self.key_is!r})" if self.key_is is not UNSET else "",
            f".by({self.parent and self.parent.short_name})" if self.parent is not UNSET else "",
        ]
        return f"{self.job.short_name}.{'partial' if self.partial else 'call'}({arguments}){''.join(narrowed)}"


def contains(expected: object, actual: object) -> bool:
    """Equal, or for mappings: each expected item is there."""
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        wanted, found = cast("Mapping[object, object]", expected), cast("Mapping[object, object]", actual)
        return all(name in found and contains(value, found[name]) for name, value in wanted.items())
    return bool(expected == actual)


def _field(name: str, expected: Any, actual: Any, show: Any = repr) -> Field:
    return Field(name, show(expected), show(actual), bool(expected == actual))


def _when(milliseconds: int) -> str:
    try:
        return (EPOCH + timedelta(milliseconds=milliseconds)).isoformat(sep=" ")
    except OverflowError:
        return f"{milliseconds} ms"


def _long(milliseconds: int) -> str:
    return f"{timedelta(milliseconds=milliseconds)}"
