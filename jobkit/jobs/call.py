"""A call bound to a signature: a job, its arguments, and the options that were stated, as a value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import UNSET, Struct, UnsetType, structs

from jobkit.clock import MAX_MS
from jobkit.errors import InvalidArgument
from jobkit.redaction import redacted
from jobkit.validation import MAX_DURATION, check_name

if TYPE_CHECKING:
    from jobkit.jobs.pattern import Pattern
    from jobkit.jobs.signature import Signature


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Declared(Protocol):
    """A declared job, as far as a call needs to know it."""

    @property
    def name(self) -> str: ...

    @property
    def short_name(self) -> str:
        """The function's own name, as it reads in code."""
        ...

    @property
    def signature(self) -> Signature: ...


class Options(Struct, frozen=True, kw_only=True):
    """What ``using(...)`` states; the rest is the job's own, or nothing. Times are milliseconds."""

    queue: str | UnsetType = UNSET
    priority: int | UnsetType = UNSET
    at: int | UnsetType = UNSET
    after: int | UnsetType = UNSET
    key: str | UnsetType = UNSET
    id: str | UnsetType = UNSET
    remember: int | UnsetType = UNSET

    def merged(self, later: Options) -> Options:
        """These, but for what a later ``using`` states; a later ``at`` takes the place of a ``delay``."""
        if later == NOTHING:
            return self
        stated = later.stated()
        if "at" in stated or "after" in stated:
            stated = {"at": UNSET, "after": UNSET, **stated}
        return structs.replace(self, **stated)

    def stated(self) -> dict[str, Any]:
        return {name: value for name in self.__struct_fields__ if (value := getattr(self, name)) is not UNSET}

    def __str__(self) -> str:
        """As ``using(...)`` takes them."""
        return ", ".join(_as_given.get(name, f"{name}={{!r}}".format)(value) for name, value in self.stated().items())


NOTHING = Options()
"""Nothing is stated."""


def shown_instant(milliseconds: int) -> str:
    """An expression for the instant, as readable as one can be."""
    try:
        return f"datetime.fromisoformat({(EPOCH + timedelta(milliseconds=milliseconds)).isoformat()!r})"
    except OverflowError:
        return f"datetime.fromtimestamp({milliseconds / 1000!r}, timezone.utc)"


def shown_duration(milliseconds: int) -> str:
    """In seconds."""
    whole, part = divmod(milliseconds, 1000)
    return repr(milliseconds / 1000) if part else str(whole)


_as_given: Mapping[str, Callable[[int], str]] = {
    "at": lambda at: f"at={shown_instant(at)}",
    "after": lambda after: f"delay={shown_duration(after)}",
    "remember": lambda remember: f"remember={shown_duration(remember)}",
}


def options(
    *,
    queue: str | None = None,
    delay: float | timedelta | None = None,
    at: datetime | None = None,
    priority: int | None = None,
    key: str | None = None,
    id: str | None = None,
    remember: float | timedelta | None = None,
) -> Options:
    """Options as a user states them; a value that can't be meant is refused here."""
    if delay is not None and at is not None:
        raise InvalidArgument("a job has a delay or an at, not both")
    for kind, name in (("queue", queue), ("key", key), ("id", id)):
        if name is not None:
            check_name(kind, name)
    if priority is not None:
        check_priority(priority)
    return Options(
        queue=UNSET if queue is None else queue,
        priority=UNSET if priority is None else priority,
        at=UNSET if at is None else instant(at),
        after=UNSET if delay is None else duration("delay", delay),
        key=UNSET if key is None else key,
        id=UNSET if id is None else id,
        remember=UNSET if remember is None else duration("remember", remember),
    )


def check_priority(priority: object) -> int:
    if type(priority) is not int or not 0 <= priority <= 9:
        raise InvalidArgument(f"priority is 0 to 9, higher first, not {priority!r}")
    return priority


def instant(at: object) -> int:
    """An aware datetime in epoch milliseconds; never before it, so rounded up."""
    if not isinstance(at, datetime):
        raise InvalidArgument(f"at is a datetime with a time zone, not {type(at).__name__}")
    if at.tzinfo is None or at.utcoffset() is None:
        raise InvalidArgument(
            "at has no time zone, so it is not one instant: use datetime.now(timezone.utc) or at.astimezone()"
        )
    milliseconds = -((EPOCH - at) // timedelta(milliseconds=1))
    if not 0 <= milliseconds <= MAX_MS:
        raise InvalidArgument(f"at is not before 1970, not {at.isoformat()}")
    return milliseconds


def duration(kind: str, value: object) -> int:
    """Seconds, or a timedelta, in milliseconds."""
    if isinstance(value, timedelta):
        milliseconds = round(value / timedelta(milliseconds=1))
    elif isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value):
        milliseconds = round(value * 1000)
    else:
        raise InvalidArgument(f"{kind} is seconds or a timedelta, not {value!r}")
    if not 0 <= milliseconds <= MAX_DURATION:
        raise InvalidArgument(f"{kind} is not negative and at most 142,000 years, not {value}")
    return milliseconds


class Call(Struct, frozen=True, eq=False, repr_omit_defaults=True):
    """One call of a job: its arguments by name (those given), and the options that were stated.

    In tests a call is a pattern too: it matches what was enqueued with equal arguments and, where stated,
    equal options.
    """

    job: Any
    arguments: Mapping[str, object]
    options: Options = NOTHING

    @property
    def pattern(self) -> Pattern:
        """What matches jobs like this call."""
        from jobkit.jobs.pattern import Pattern

        return Pattern.of_call(self)

    def on(self, queue: str) -> Pattern:
        return self.pattern.on(queue)

    def at(self, when: datetime) -> Pattern:
        return self.pattern.at(when)

    def after(self, delay: float | timedelta) -> Pattern:
        return self.pattern.after(delay)

    def now(self) -> Pattern:
        return self.pattern.now()

    def priority(self, priority: int) -> Pattern:
        return self.pattern.priority(priority)

    def key(self, key: str) -> Pattern:
        return self.pattern.key(key)

    def by(self, parent: Any) -> Pattern:
        return self.pattern.by(parent)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Call):
            return NotImplemented
        mine, theirs = (call.job.signature.complete(call.arguments) for call in (self, other))
        return bool(self.job.name == other.job.name and mine == theirs and self.options == other.options)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        stated = str(self.options)
        using = f".using({stated})" if stated else ""
        return f"{self.job.short_name}{using}.call({self.job.signature.spelled(self.arguments, redacted)})"
