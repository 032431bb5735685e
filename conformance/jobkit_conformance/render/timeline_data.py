"""A play as data, for whoever draws it: its steps in order, and the leases that they began and ended."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal

from msgspec import Struct

from jobkit.backend import CancelRequested, Delivery, Extended, Settled
from jobkit_conformance.history.trace import Advanced, Call, Happened, Noted, Opened, Trace
from jobkit_conformance.render.timeline import TimelineFormatter

MOST: Final = 40
"""Steps that are kept; of a longer play the middle is left out."""
MOST_LEASES: Final = 24


class TimelineStep(Struct, omit_defaults=True):
    """One step. ``at``: milliseconds since the play began. ``who``: a client or a worker; empty when it is for all.

    ``call``: ``verb``, what was ``asked`` and what ``came`` of it; ``ended`` is the step before which it was answered,
    where that is a later one. ``clock``: it was moved by ``moved`` milliseconds. ``store``, ``note``: what happened, in
    ``asked``. ``cut``: ``left_out`` steps are missing here.
    """

    kind: Literal["call", "clock", "store", "note", "cut"]
    at: int
    who: str = ""
    verb: str = ""
    asked: str = ""
    came: str = ""
    raised: bool = False
    ended: int | None = None
    moved: int = 0
    left_out: int = 0


class Lease(Struct, omit_defaults=True):
    """A job in somebody's hands, from step ``began`` on.

    Until step ``ended``, where it was settled (``how``), else until the instant ``until``, in milliseconds since the
    play began.
    """

    who: str
    job: str
    attempt: int
    began: int
    until: int
    ended: int | None = None
    how: str = ""


class TimelineData(Struct):
    """The steps and the leases of one play."""

    steps: list[TimelineStep]
    leases: list[Lease]


def as_story(trace: Trace) -> TimelineData:
    """What a trace holds, without what only the program needs."""
    writer = _Writer(trace)
    writer.write()
    return shortened(TimelineData(writer.steps, list(writer.leases.values())[:MOST_LEASES]))


class _Writer:
    """Goes through a trace once, in order."""

    def __init__(self, trace: Trace) -> None:
        self.steps: list[TimelineStep] = []
        self.leases: dict[str, Lease] = {}
        self._trace = trace
        self._teller = TimelineFormatter(trace)
        self._places: list[int] = []
        """By place in the trace, the place here: clients that open are steps there, and none here."""

    def write(self) -> None:
        steps = tuple(self._trace.steps)
        for step in steps:
            self._places.append(len(self.steps))
            match step:
                case Call():
                    self._call(step)
                case Advanced(milliseconds=milliseconds, at=at):
                    self.steps.append(TimelineStep("clock", at, moved=milliseconds))
                case Happened(words=words, at=at):
                    self.steps.append(TimelineStep("store", at, asked=printable(words)))
                case Noted(who=who, words=words, at=at):
                    self.steps.append(TimelineStep("note", at, who=who, asked=printable(words)))
                case Opened():
                    pass
        self._places.append(len(self.steps))
        for shown in self.steps:
            if shown.ended is not None:
                shown.ended = self._places[min(shown.ended, len(steps))]

    def _call(self, step: Call) -> None:
        place = len(self.steps)
        asked, came = map(printable, self._teller.call(step))
        later = step.ended if step.ended is not None and step.ended > step.place + 1 else None
        raised = step.raised is not None and not step.cancelled
        self.steps.append(TimelineStep("call", step.at, step.client, step.verb, asked, came, raised, later))
        if step.verb == "reserve":
            self._granted(step, place)
        elif step.verb == "settle":
            self._settled(step, place)
        elif step.verb == "extend":
            self._extended(step)

    def _granted(self, step: Call, place: int) -> None:
        lease = step.stated.get("lease")
        for delivery in step.items:
            if isinstance(delivery, Delivery):
                after = self._trace.after(delivery.lease_end)
                until = step.at + lease if after is None and isinstance(lease, int) else after or 0
                name = printable(self._teller.name(delivery.message.id))
                self.leases[delivery.token] = Lease(step.client, name, delivery.attempt, place, until)

    def _settled(self, step: Call, place: int) -> None:
        for settlement, outcome in self._answered(step):
            lease = self.leases.get(settlement.token)
            if isinstance(outcome, Settled) and lease is not None and lease.ended is None:
                lease.ended, lease.how = place, type(settlement).__name__.lower()

    def _extended(self, step: Call) -> None:
        for extension, outcome in self._answered(step):
            lease = self.leases.get(extension.token)
            if lease is not None and isinstance(outcome, (Extended, CancelRequested)):
                after = self._trace.after(outcome.end)
                lease.until = step.at + extension.lease if after is None else after

    def _answered(self, step: Call) -> Iterator[tuple[Any, object]]:
        """Each item that was asked with what was answered to it; a wrong backend may answer more, or fewer."""
        asked: Any = step.args[0] if step.items else ()
        return zip(asked, step.items, strict=False)


def printable(text: str) -> str:
    """The text as every file takes it: lone surrogates, which names in programs may hold, are spelled out."""
    return text.encode("utf-8", "backslashreplace").decode()


def shortened(story: TimelineData) -> TimelineData:
    """The beginning and the end of a long one."""
    left_out = len(story.steps) - MOST
    if left_out <= 1:  # to say that one is missing takes as much room as that one
        return story
    head, tail = story.steps[: MOST // 2], story.steps[-MOST // 2 :]

    def place(old: int) -> int:
        return old if old < len(head) else max(len(head), old - left_out + 1)

    steps = [*head, TimelineStep("cut", tail[0].at, left_out=left_out), *tail]
    for shown in steps:
        shown.ended = None if shown.ended is None else place(shown.ended)
    for lease in story.leases:
        lease.began = place(lease.began)
        lease.ended = None if lease.ended is None else place(lease.ended)
    return TimelineData(steps, story.leases)
