"""What was played, step by step: who asked what, what was answered, what happened to the clock and the store."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

from jobkit.backend import Accepted, Delivery, Message

UNSEEN: Any = object()
"""A call that was not answered."""


@dataclass
class Call:
    """One verb: who called it, with what, and what came of it. ``ended``: after how many steps it was answered."""

    client: str
    verb: str
    args: Sequence[Any]
    stated: Mapping[str, object]
    at: int
    place: int
    ended: int | None = None
    answer: Any = UNSEEN
    raised: BaseException | None = None
    cancelled: bool = False
    """Its caller cancelled it."""

    @property
    def items(self) -> Sequence[Any]:
        """The answer, where it is a list."""
        answer: object = self.answer
        return cast("Sequence[Any]", answer) if isinstance(answer, list) else ()


@dataclass
class Opened:
    """A client. ``namespace``: when it is not the play's own."""

    client: str
    namespace: str | None
    own_time: bool
    at: int


@dataclass
class Advanced:
    """The clock was moved."""

    milliseconds: int
    at: int


@dataclass
class Happened:
    """Something was done to the store: a method of the environment, and what it is in words."""

    call: str
    words: str
    at: int


@dataclass
class Noted:
    """Something else that a reader of the timeline wants to know, such as a job that starts."""

    who: str
    words: str
    at: int


Step: TypeAlias = Call | Opened | Advanced | Happened | Noted


@dataclass
class Trace:
    """The steps of one play; ``at`` counts the milliseconds that the clock was moved."""

    steps: list[Step] = field(default_factory=list[Step])
    moved: int = 0
    origin: int | None = None
    """The instant on the backend's clock from which ``at`` counts, where that is known."""
    began: float | None = None
    """When real time began to count, on the monotonic clock: workers take part, whose steps no program repeats."""

    @property
    def namespaces(self) -> set[str]:
        """Those named, beside the play's own."""
        return {step.namespace for step in self.steps if isinstance(step, Opened) and step.namespace is not None}

    @property
    def calls(self) -> Iterator[Call]:
        return (step for step in tuple(self.steps) if isinstance(step, Call))

    @property
    def now(self) -> int:
        """Milliseconds since the play began."""
        return self.moved + (round((time.monotonic() - self.began) * 1000) if self.began is not None else 0)

    def opened(self, client: str, namespace: str | None = None, *, own_time: bool = False) -> None:
        self.steps.append(Opened(client, namespace, own_time, self.now))

    def advanced(self, milliseconds: int) -> None:
        self.moved += milliseconds
        self.steps.append(Advanced(milliseconds, self.now))

    def happened(self, call: str, words: str) -> None:
        self.steps.append(Happened(call, words, self.now))

    def noted(self, who: str, words: str) -> None:
        self.steps.append(Noted(who, words, self.now))

    def called(self, client: str, verb: str, args: Sequence[Any], stated: Mapping[str, object]) -> Call:
        kept = tuple(list(cast("list[object]", each)) if isinstance(each, list) else each for each in args)
        step = Call(client, verb, kept, stated, self.now, len(self.steps))
        self.steps.append(step)
        return step

    def answered(self, step: Call, answer: Any) -> None:
        step.answer, step.ended = answer, len(self.steps)
        if self.origin is None:
            self.origin = _origin(step)

    def failed(self, step: Call, error: BaseException) -> None:
        step.raised, step.ended = error, len(self.steps)
        task = asyncio.current_task()
        step.cancelled = isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0

    def raised(self, error: BaseException) -> bool:
        """Whether it was a backend that raised this."""
        return any(step.raised is error for step in self.calls)

    def after(self, instant: int) -> int | None:
        """An instant of the backend's clock, in milliseconds since the play began."""
        return None if self.origin is None else instant - self.origin


def _origin(step: Call) -> int | None:
    """What an answer tells of where the backend's clock stands."""
    found = step.items
    if not found:
        return None
    first: object = found[0]
    lease = step.stated.get("lease")
    if isinstance(first, Delivery) and isinstance(lease, int):
        return first.lease_end - lease - step.at
    if isinstance(first, Accepted):
        message: Message = step.args[0][0]
        if message.at is None:
            return first.due - (message.after or 0) - step.at
    return None
