"""What a log says, put together: jobs with their executions and leases, and what was done to each worker's process."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from jobkit_conformance.history.event_log import EVERYBODY, Event

FOREVER: Final = math.inf
KILLED: Final = "-9"
"""How a process ends by SIGKILL."""


@dataclass
class Span:
    """A time in which a worker could not do what it should."""

    begun: float
    what: str
    ended: float = FOREVER

    def meets(self, begun: float, ended: float) -> bool:
        return self.begun <= ended and begun <= self.ended


@dataclass
class WorkerLifetime:
    """One worker process, from start to end. ``killed``: when it was, by whomever; ``asked``: by TERM to stop."""

    slot: int
    life: int
    up: float
    heard: float = FOREVER
    """When it first said anything itself."""
    down: float = FOREVER
    code: str = ""
    killed: float | None = None
    stubborn: bool = False
    """It was killed since it did not end when it was asked to."""
    asked: list[float] = field(default_factory=list[float])
    spans: list[Span] = field(default_factory=list[Span])

    @property
    def name(self) -> str:
        return f"worker {self.slot}.{self.life}"

    def undisturbed(self, begun: float, ended: float) -> bool:
        """Whether it lived, could reach its store, and nobody did anything to it, all of that time."""
        if self.killed is not None and self.killed <= ended:
            return False
        asked = bool(self.asked) and self.asked[0] <= ended
        return self.up <= begun and ended < self.down and not asked and not self.was_held(begun, ended)

    def was_held(self, begun: float, ended: float) -> bool:
        """Whether it stood still or was cut off, in any of that time."""
        return any(span.meets(begun, ended) for span in self.spans)


@dataclass
class Execution:
    """One start of a job. ``ended``: it did what it had to; ``cut``: it was interrupted; neither: its process fell."""

    id: str
    worker: WorkerLifetime
    attempt: int
    began: float
    ended: float | None = None
    cut: float | None = None
    note: str = ""

    @property
    def until(self) -> float:
        """When it was over, one way or another."""
        over = self.ended if self.ended is not None else self.cut
        return min(self.worker.down, self.worker.killed or FOREVER) if over is None else over

    @property
    def fell(self) -> bool:
        """Whether its process went before it could say anything."""
        return self.ended is None and self.cut is None


@dataclass
class Grant:
    """One delivery as its worker saw it: ``sent`` and ``came`` around the reserve; ``until``: when its lease ends, at
    the earliest, counted from before the call that granted or extended it."""

    id: str
    worker: WorkerLifetime
    number: int
    attempt: int
    sent: float
    came: float
    until: float
    how: str = ""
    """How it was settled, as far as the worker knows."""
    asked: str = ""
    """How it was to be settled."""
    settled: float = FOREVER
    settling: float = FOREVER


@dataclass
class JobHistory:
    """All that happened to one job."""

    id: str
    offered: float = FOREVER
    last_offered: float = FOREVER
    accepted: float = FOREVER
    place: int = 0
    """Its place in the order of acceptance."""
    executions: list[Execution] = field(default_factory=list[Execution])
    grants: list[Grant] = field(default_factory=list[Grant])
    left: str = ""
    """``live`` or ``dead``, when the play was over."""

    @property
    def ended(self) -> bool:
        return any(each.ended is not None for each in self.executions)

    def may_be_anew(self, at: float) -> bool:
        """Whether it was offered more than once, and an offer may have come to the store after this instant: if its
        job had ended by then, that stored a new one with its id."""
        return self.offered < self.last_offered and at < self.accepted

    @property
    def stays(self) -> list[list[Grant]]:
        """Its deliveries in their order, apart for each job that may have been stored with its id."""
        ends = [grant.settling for grant in self.grants if grant.asked == "Done" and self.may_be_anew(grant.settling)]
        stays = defaultdict[int, list[Grant]](list)
        for grant in sorted(self.grants, key=lambda grant: (grant.number, grant.came)):
            stays[sum(end < grant.came for end in ends)].append(grant)
        return [stays[number] for number in sorted(stays)]


@dataclass
class History:
    """Everything. ``looked``: what was left was looked at, so that a job that is not there is gone."""

    tales: dict[str, JobHistory] = field(default_factory=dict[str, JobHistory])
    lives: dict[tuple[int, int], WorkerLifetime] = field(default_factory=dict[tuple[int, int], WorkerLifetime])
    away: list[Span] = field(default_factory=list[Span])
    """When the store was not there."""
    called: float = FOREVER
    """When all was quiet, and the roll call began."""
    over: float = FOREVER
    looked: bool = False
    begun: float = 0.0

    def executions(self) -> Iterator[Execution]:
        for tale in self.tales.values():
            yield from tale.executions

    def since(self, at: float) -> str:
        """An instant, for people."""
        return f"{at - self.begun:.2f} s"


def parse_log(events: Sequence[Event], timeout: float = 0.0) -> History:
    """Put a log together. ``timeout``: how long a client may take to notice that its connection is dead."""
    reader = _Reader(timeout)
    for event in events:
        reader.read(event)
    return reader.evidence


class _Reader:
    def __init__(self, timeout: float) -> None:
        self.evidence = History()
        self._timeout = timeout
        self._running: dict[tuple[str, int, int, int], Execution] = {}
        self._grants: dict[tuple[str, int], Grant] = {}
        self._accepted = 0

    def read(self, event: Event) -> None:
        evidence = self.evidence
        evidence.begun = evidence.begun or event.at
        match event.what:
            case "offered" | "accepted":
                self._produced(event)
            case "start" | "end" | "cut short":
                self._performed(event)
            case "granted" | "extended" | "settling" | "settled":
                self._witnessed(event)
            case "away" | "back" | "cut" | "full" | "room":
                self._store(event)
            case "calm":
                evidence.called = event.at
            case "over":
                evidence.over = event.at
            case "looked":
                evidence.looked = True
            case "left":
                self._tale(event.id).left = event.note
            case _:
                if event.slot != EVERYBODY:
                    self._befell(event)

    def _tale(self, id: str) -> JobHistory:
        return self.evidence.tales.setdefault(id, JobHistory(id))

    def _life(self, event: Event) -> WorkerLifetime:
        key = event.slot, event.life
        return self.evidence.lives.setdefault(key, WorkerLifetime(*key, up=event.at))

    def _hear(self, event: Event) -> None:
        life = self._life(event)
        life.heard = min(life.heard, event.at)

    def _produced(self, event: Event) -> None:
        tale = self._tale(event.id)
        if event.what == "offered":
            tale.offered = min(tale.offered, event.at)
            tale.last_offered = event.at
        elif tale.accepted == FOREVER:
            tale.accepted = event.at
            self._accepted += 1
            tale.place = self._accepted

    def _performed(self, event: Event) -> None:
        self._hear(event)
        key = event.id, event.slot, event.life, event.attempt
        if event.what == "start":
            execution = Execution(event.id, self._life(event), event.attempt, event.at)
            self._tale(event.id).executions.append(execution)
            self._running[key] = execution
        elif (running := self._running.pop(key, None)) is not None:
            if event.what == "end":
                running.ended = event.at
            else:
                running.cut, running.note = event.at, event.note

    def _witnessed(self, event: Event) -> None:
        self._hear(event)
        if event.what == "granted":
            until = event.sent + event.seconds
            grant = Grant(event.id, self._life(event), event.number, event.attempt, event.sent, event.at, until)
            self._tale(event.id).grants.append(grant)
            self._grants[event.id, event.number] = grant
            return
        known = self._grants.get((event.id, event.number))
        if known is None:
            return
        if event.what == "extended":
            if event.note in ("Extended", "CancelRequested"):
                known.until = event.sent + event.seconds
        elif event.what == "settling":
            known.asked, known.settling = event.note, min(known.settling, event.at)
        elif event.note.endswith(" Settled") and not known.how:
            known.how, known.settled = event.note.partition(" ")[0], event.at

    def _store(self, event: Event) -> None:
        """What happens to the store happens to every worker, and they may take a while to notice."""
        evidence = self.evidence
        if event.what in ("back", "room"):
            was = "away" if event.what == "back" else "full"
            for spans in (evidence.away, *(life.spans for life in evidence.lives.values())):
                self._end(spans, event.at, was)
            return
        span = Span(event.at, event.what, event.at + self._timeout if event.what == "cut" else FOREVER)
        if event.what == "away":
            evidence.away.append(span)
        for life in evidence.lives.values():
            life.spans.append(Span(span.begun, span.what, span.ended))

    def _end(self, spans: Iterable[Span], at: float, what: str = "") -> None:
        for span in spans:
            if span.ended == FOREVER and what in ("", span.what):
                span.ended = at + (self._timeout if span.what != "stop" else 0.0)

    def _befell(self, event: Event) -> None:
        if event.what in ("up", "hole", "healed"):
            self._arrived_or_cut_off(event)
            return
        life = self._life(event)
        match event.what:
            case "down":
                life.down, life.code = event.at, event.note
                if life.killed is None and event.note == KILLED:
                    life.killed = event.at  # by a job of its own, or by somebody who is not the kit
            case "kill":
                life.killed, life.stubborn = event.at, bool(event.note)
            case "term":
                life.asked.append(event.at)
            case "stop":
                life.spans.append(Span(event.at, "stop"))
            case "cont":
                self._end(life.spans, event.at, "stop")
            case _:
                return

    def _arrived_or_cut_off(self, event: Event) -> None:
        """A hole belongs to a place: whoever comes into it is in it too."""
        here = [life for life in self.evidence.lives.values() if life.slot == event.slot]
        if event.what == "up":
            life = self._life(event)
            life.up = event.at
            open_holes = [span for each in here for span in each.spans if span.what == "hole" and span.ended == FOREVER]
            if open_holes or (self.evidence.away and self.evidence.away[-1].ended == FOREVER):
                life.spans.append(Span(event.at, "hole" if open_holes else "away"))
        elif event.what == "hole":
            for life in here:
                if life.down == FOREVER:
                    life.spans.append(Span(event.at, "hole"))
        else:
            for life in here:
                self._end(life.spans, event.at, "hole")
