"""Histories written by hand: each line is a call, answered at once, later, or never."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from jobkit.backend import Accepted, Delivery, Extended, Extension, Message, Settled, Settlement
from jobkit.clock import ManualClock
from jobkit.errors import BackendUnavailable
from jobkit_conformance.history.calls import Call
from jobkit_conformance.history.history import History

OPEN: Final = object()
"""In an answer's place: none so far."""
LOST: Final = BackendUnavailable("the reply was lost")
"""In an answer's place: whoever called was told that it failed."""
LEASE: Final = 10
LONG: Final = 100
"""Longer than every lease and delay here."""


def granted(
    id: str = "a", end: int = LEASE, *, number: int = 1, attempt: int = 1, token: str = "", **of: Any
) -> Delivery:
    """A delivery, whose token says which one it is."""
    return Delivery(Message(id, "q", b"x", **of), number, attempt, token or f"{id}{number}", end)


class Written:
    """A history, and the clock that passes in it. Begins at 0."""

    def __init__(self) -> None:
        self.clock = ManualClock(0)
        self.history = History(self.clock)

    def wait(self, milliseconds: int) -> None:
        self.clock.move(milliseconds)

    def put(self, id: str = "a", answer: Any = None, **fields: Any) -> Call:
        """Enqueue; accepted, unless said otherwise."""
        due = self.clock.now_ms() + (fields.get("after") or 0)
        return self.call("enqueue", [Message(id, "q", b"x", **fields)], [Accepted(due)] if answer is None else answer)

    def take(self, *found: Delivery, limit: int = 1, lease: int = LEASE, wait: int = 0, answer: Any = None) -> Call:
        """Reserve, and be granted these."""
        answer = list(found) if answer is None else answer
        return self.call("reserve", ["q"], answer, limit=limit, lease=lease, wait=wait)

    def settle(self, settlement: Settlement, answer: Any = None) -> Call:
        return self.call("settle", [settlement], [Settled()] if answer is None else answer)

    def extend(self, token: str, answer: Any = None, lease: int = LEASE) -> Call:
        end = self.clock.now_ms() + lease
        return self.call("extend", [Extension(token, lease)], [Extended(end)] if answer is None else answer)

    def touch(self, verb: str, answer: Any, id: str = "a") -> Call:
        """Cancel, requeue or delete it."""
        return self.call(verb, [id], answer)

    def call(self, verb: str, items: list[Any], answer: Any, **stated: int) -> Call:
        call = self.history.begin(f"c{len(self.history.calls)}", verb, items, stated)
        self.answer(call, answer)
        return call

    def answer(self, call: Call, answer: Any) -> None:
        """End a call; a single outcome is that of its only item."""
        if isinstance(answer, BaseException):
            self.history.end(call, None, answer)
        elif answer is not OPEN:
            self.history.end(call, answer if isinstance(answer, list) else [answer], None)

    def calm(self) -> None:
        """All that is under way arrives, all leases run out; from now on nothing goes amiss."""
        self.wait(LONG)
        self.history.calm_down()

    # What many begin with.

    def held(self) -> None:
        """A job, granted at 0 until `LEASE`."""
        self.put()
        self.take(granted())

    def again(self, *, attempt: int = 2, number: int = 2) -> None:
        """The same job, granted once more."""
        self.take(granted(end=self.clock.now_ms() + LEASE, number=number, attempt=attempt))

    def over(self) -> None:
        """All got calm, and nobody is granted anything any more."""
        self.calm()
        self.take()


Write = Callable[[Written], object]


@dataclass(frozen=True)
class Case:
    """A history, and the rule that it breaks, if any.

    ``slack``: as `check` is given it. ``twin``: whether the slow twin understands it; it knows nothing of waiting, nor
    of other queues.
    """

    write: Write
    rule: str = ""
    slack: int | None = None
    twin: bool = True

    def written(self) -> Written:
        written = Written()
        self.write(written)
        return written
