"""Lets things go wrong in one run of a test, as decided, and keeps account of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from jobkit.backend import RetryAt
from jobkit.errors import BackendUnavailable
from jobkit.execute.context import current_job
from jobkit.execute.outcome import Performed
from jobkit.forks import RenewedLock
from jobkit.retry import Backoff
from pytest_jobkit.chaos.config import CRASH_AFTER, CRASH_BEFORE, DELAY, DUPLICATE, REFUSE, REORDER
from pytest_jobkit.chaos.crash_points import CrashableCheckpoints, CrashPoints, instrument, killed
from pytest_jobkit.chaos.delivery_order import DeliveryOrder
from pytest_jobkit.chaos.fault import CRASH_AT, DecisionPoint, InjectionPoint
from pytest_jobkit.chaos.injected import InjectedFault
from pytest_jobkit.recording.call_site import CallSite, call_site

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from jobkit.backend import Message
    from jobkit.execute.checkpoint import CheckpointSink
    from jobkit.execute.context import JobContext
    from jobkit.execute.outcome import Outcome
    from jobkit.execute.perform import Registry
    from pytest_jobkit.case import Case
    from pytest_jobkit.chaos.choices import ChoiceSequence
    from pytest_jobkit.chaos.fault import Fault, Schedule
    from pytest_jobkit.performing.reservation import ReservedJob
    from pytest_jobkit.recording.entry import Entry

FURTHEST = 3
"""How many others a reordered job lets by, and how many later instants a delayed one, at most."""

LOST = {
    CRASH_BEFORE: "its worker died before it ran",
    CRASH_AFTER: "its worker died after it had run, before it was settled",
    CRASH_AT: "its worker died {}",
    DUPLICATE: "it ran, and its lease ran out before it was settled",
}
"""What becomes of a delivery that is not settled: the job comes again."""


@dataclass(frozen=True)
class Point:
    """A place that a run came by, and what could go wrong there: by kind of fault, its largest amount."""

    place: InjectionPoint
    possible: Mapping[str, int]


class Injector:
    """``kinds``: the faults that may be drawn. ``needed``: by job and number, how many attempts it needs anyway."""

    case: Case
    """That of the run, once it has touched a job."""

    def __init__(
        self,
        decisions: ChoiceSequence,
        kinds: Collection[str],
        *,
        test: Path,
        needed: Mapping[tuple[str, int], int] | None = None,
        sweeps: bool = False,
    ) -> None:
        self.points: list[Point] = []
        self.happened: list[InjectedFault] = []
        self.lives: list[tuple[InjectionPoint, CrashPoints]] = []
        self.order = DeliveryOrder(self._turn, self._now_ms, self._next_due)
        self.sweeps = sweeps
        self._decisions = decisions
        self._kinds = kinds
        self._test = test
        self._needed = needed or {}
        self._ends: dict[int, InjectedFault | None] = {}
        """By the job's number, what becomes of its latest delivery."""
        self._lost: Counter[int] = Counter()
        self._nth: dict[int, int] = {}
        self._jobs: Counter[str] = Counter()
        self._enqueues: Counter[str] = Counter()
        self._running: dict[str, CrashPoints] = {}
        self._lock = RenewedLock()

    @property
    def taken(self) -> Schedule:
        """The faults that made a difference: given back, they lead to the same run."""
        return tuple(each.fault for each in self.happened if each.had_effect)

    # Deliveries.

    def _now_ms(self) -> int:
        return self.case.now_ms()

    def _next_due(self) -> int | None:
        return self.case.tape.next_due()

    def _place(self, card: ReservedJob, question: DecisionPoint) -> InjectionPoint:
        entry = card.entry
        for each in self.case.tape.jobs[len(self._nth) : entry.number]:
            self._jobs[_name(each)] += 1
            self._nth[each.number] = self._jobs[_name(each)]
        return InjectionPoint(_name(entry), self._nth[entry.number], card.delivery.attempt, question)

    def _turn(self, card: ReservedJob, others: int) -> InjectedFault | None:
        """Whether a delivery lets others by, of which so many are due."""
        possible = {DELAY: FURTHEST} | ({REORDER: min(others, FURTHEST)} if others else {})
        return self._befalls(card, self._place(card, DecisionPoint.TURN), possible)

    def _end(self, card: ReservedJob) -> InjectedFault | None:
        """Whether the worker of a delivery that is about to be performed is lost, and when."""
        place = self._place(card, DecisionPoint.END)
        possible = {DUPLICATE: 0, CRASH_BEFORE: 0, CRASH_AFTER: 0, CRASH_AT: 0}
        return self._befalls(card, place, possible if self._has_room(card.entry, place) else {})

    def _befalls(self, card: ReservedJob, place: InjectionPoint, possible: Mapping[str, int]) -> InjectedFault | None:
        fault = self._decide(place, possible)
        if fault is None:
            return None
        happening = InjectedFault(fault, card.entry.short)
        self.happened.append(happening)
        return happening

    def _decide(self, place: InjectionPoint, possible: Mapping[str, int]) -> Fault | None:
        possible = self._possible(possible)
        self.points.append(Point(place, possible))
        return self._decisions.fault(place, possible)

    def _possible(self, possible: Mapping[str, int]) -> Mapping[str, int]:
        return {kind: most for kind, most in possible.items() if kind in self._kinds}

    def _has_room(self, entry: Entry, place: InjectionPoint) -> bool:
        """Whether it may be lost once more, and still get the attempts that it needs: chaos wears no job out."""
        if entry.job is None:
            return False
        rules = entry.job.rules
        most = min((rule.attempts for rule in rules.retries), default=rules.attempts)
        return self._needed.get((place.job, place.nth), 1) + self._lost[entry.number] < most

    async def loses_before(self, card: ReservedJob) -> bool:
        """Whether its worker died before it ran."""
        happening = self._ends[card.entry.number] = self._end(card)
        if happening is None or happening.fault.kind != CRASH_BEFORE:
            return False
        await self._lose(card, happening)
        return True

    async def loses_after(self, card: ReservedJob, outcome: Outcome) -> bool:
        """Whether nobody gets to know how it ended; what failed is settled, for its own rules count its attempts."""
        happening, life = self._ends.get(card.entry.number), self._running.pop(card.entry.id, None)
        if happening is None:
            return False
        if happening.fault.kind == CRASH_AT:
            if life is None or life.ended is None:
                return False
            happening.where = life.ended
            happening.swallowed = not killed(outcome.error)
        elif happening.fault.kind not in (DUPLICATE, CRASH_AFTER) or outcome.state is not Performed.SUCCEEDED:
            return False
        await self._lose(card, happening)
        return True

    async def _lose(self, card: ReservedJob, happening: InjectedFault) -> None:
        """Not settled: its lease runs out, and it comes again, as its next attempt. The clock stays for that."""
        happening.had_effect = True
        self._lost[card.entry.number] += 1
        await card.backend.settle([RetryAt(card.delivery.token, after=0)])
        self.case.tape.redeliver(card.entry, LOST[happening.fault.kind].format(happening.where))
        self.order.again(card.entry, happening, at_once=happening.fault.kind == DUPLICATE)

    @staticmethod
    def paced(card: ReservedJob, outcome: Outcome) -> Outcome:
        """The same wait in each run: a jitter is seeded by the job's id, which is another one each time."""
        job, error, attempt = card.entry.job, outcome.error, card.delivery.attempt
        rule = None if job is None or error is None else job.rules.rule_for(error)
        if outcome.state is not Performed.RETRYING or rule is None or not isinstance(rule.wait, Backoff):
            return outcome
        return replace(outcome, retry_in=rule.wait.seconds(attempt, f"{card.entry.number}:{attempt}"))

    # Inside of jobs.

    def watched(self, card: ReservedJob, context: JobContext, line: CheckpointSink) -> Registry:
        """The app to perform it with; in a sweep each effect of the job is a point at which its worker may die."""
        if not self.sweeps:
            return card.app
        happening = self._ends.get(card.entry.number)
        dies_at = happening.fault.amount if happening is not None and happening.fault.kind == CRASH_AT else None
        life = self._running[card.entry.id] = CrashPoints(self.case.root, dies_at)
        self.lives.append((self._place(card, DecisionPoint.END), life))
        context.carry(CrashableCheckpoints(line, life))
        return instrument(card.app, life)

    def before_enqueue(self, messages: Sequence[Message]) -> None:
        """May kill the worker that enqueues, or let the enqueue find no broker."""
        site = call_site(self.case.root)
        running = current_job()
        if running is not None and (life := self._running.get(running.id)) is not None:
            life.hit(f"before it enqueued {_enqueued(messages)}{_at(site)}")
        if site is not None and site.filename == str(self._test):
            return
        by = None if running is None else self.case.tape.entry(running.id)
        with self._lock:
            self._refuse(messages, site, by)

    def _refuse(self, messages: Sequence[Message], site: CallSite | None, by: Entry | None) -> None:
        name = _short(messages[0])
        self._enqueues[name] += 1
        fault = self._decide(InjectionPoint(name, self._enqueues[name], 1, DecisionPoint.ENQUEUE), {REFUSE: 0})
        if fault is None:
            return
        where = f"{f' by {by.short}' if by is not None else ''}{_at(site)}"
        self.happened.append(InjectedFault(fault, _enqueued(messages), where, had_effect=True))
        self.case.note("chaos: an enqueue found no broker")
        raise BackendUnavailable(f"chaos: the enqueue of {_enqueued(messages)} finds no broker")

    def after_enqueue(self, ids: Sequence[str]) -> None:
        running = current_job()
        if running is not None and (life := self._running.get(running.id)) is not None:
            entries = [entry.short for each in ids if (entry := self.case.tape.entry(each)) is not None]
            life.hit(f"after it had enqueued {', '.join(entries)}{_at(call_site(self.case.root))}")


def _name(entry: Entry) -> str:
    return entry.job_name if entry.job is None else entry.job.short_name


def _short(message: Message) -> str:
    return message.headers.get("job", "unknown").rpartition(".")[2]


def _enqueued(messages: Sequence[Message]) -> str:
    first = _short(messages[0])
    return first if len(messages) == 1 else f"{first} and {len(messages) - 1} more"


def _at(site: CallSite | None) -> str:
    return f" at {site}" if site is not None else ""
