"""Performing as a worker would, one job at a time, in the order of the contract; the test decides when."""

from __future__ import annotations

import asyncio
import sys
from contextvars import Context
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, TypeVar

from jobkit import events
from jobkit.backend import Settled
from jobkit.execute.checkpoint import LeaseSink
from jobkit.execute.outcome import Performed
from jobkit.execute.perform import context_of, in_thread, perform
from pytest_jobkit.endless_jobs import too_many_jobs
from pytest_jobkit.isolation.parent import IsolatedPerformer
from pytest_jobkit.performing.outcome import PerformedJob
from pytest_jobkit.performing.reservation import LEASE_MS, Reservation, ReservedJob

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobkit.execute.outcome import Outcome as CoreOutcome
    from jobkit.execute.perform import Performing, RunSync
    from jobkit.jobs.call import Call
    from pytest_jobkit.case import Case
    from pytest_jobkit.recording.entry import Entry

T = TypeVar("T")


@dataclass
class Result:
    """What a verb performed, and the error that stopped it, if one did: raised where the test called the verb."""

    outcomes: list[PerformedJob] = field(default_factory=list[PerformedJob])
    error: BaseException | None = None


@dataclass(frozen=True)
class BeforeAttempt:
    """Something that a test does to the world before an attempt."""

    matches: Callable[[Entry], bool]
    attempt: int
    change: Callable[[], object]


async def in_place(function: Callable[[], T]) -> T:
    """Call a plain function here and now, on the loop."""
    return function()


def plain_on_loop() -> RunSync:
    """Where plain jobs run when the test is asynchronous: in a thread, as under a worker."""
    if "django" in sys.modules:  # its database connections belong to one thread
        sync_to_async: Any = import_module("asgiref.sync").sync_to_async
        return lambda function: sync_to_async(function, thread_sensitive=True)()
    return in_thread


class Performer:
    """Performs the jobs of one test on the running loop: plain ones by ``plain``, callbacks of the test by ``own``."""

    def __init__(self, case: Case, plain: RunSync, own: RunSync) -> None:
        self._case = case
        self._chaos = case.chaos
        self._tape = case.tape
        self._plain = plain
        self._own = own
        self._execute: Performing = (
            perform if case.chaos is not None or not case.isolated else IsolatedPerformer(case).perform
        )
        """Chaos does its work inside of jobs, so they stay in this process then."""

    async def until_idle(
        self, wanted: Callable[[Entry], bool], limit: int, verb: str, *, until: int | None = None
    ) -> Result:
        """All that is due, and what that enqueues, until nothing is. ``until``: where a verb ends that walks on."""
        result = Result()
        async with self._hand(wanted, until=until) as hand:
            while (card := await hand.next()) is not None:
                if len(result.outcomes) == limit:
                    hand.release(card)
                    result.error = too_many_jobs([each.entry.origin for each in result.outcomes], limit, verb)
                elif await self._next(card, hand, result):
                    continue
                break
        return result

    async def exactly(self, wanted: Callable[[Entry], bool]) -> Result:
        """Exactly these, in their order, and nothing that they enqueue."""
        result = Result()
        async with self._hand(wanted) as hand:
            while (card := await hand.next()) is not None and await self._next(card, hand, result):
                continue
        return result

    async def one(self, wanted: Callable[[Entry], bool]) -> Result:
        """The first of these; none, if none is due."""
        result = Result()
        async with self._hand(wanted, movable=False) as hand:
            while not result.outcomes and (card := await hand.next()) is not None:
                await self._next(card, hand, result)
        return result

    async def call(self, call: Call, attempt: int, checkpoint: object) -> PerformedJob:
        """A call that is not stored, as this attempt, from this checkpoint; its error stands in the outcome."""
        before = len(self._tape.jobs)
        outcome = await call.job.app.aperform_call(
            call, attempt=attempt, checkpoint=checkpoint, plain=self._plain, perform=self._execute
        )
        entry = next(each for each in self._tape.jobs[before:] if not each.stored and each.job is call.job)
        return self._outcome(outcome, entry)

    def _hand(self, wanted: Callable[[Entry], bool], *, until: int | None = None, movable: bool = True) -> Reservation:
        choose = None if self._chaos is None else partial(self._chaos.order.next, until=until, movable=movable)
        return Reservation(self._tape, self._case.open, wanted, choose)

    async def _next(self, card: ReservedJob, hand: Reservation, result: Result) -> bool:
        """Perform one; whether the verb goes on."""
        try:
            await self._change_before(card)
        except BaseException:
            hand.release(card)
            raise
        outcome = await self._perform(card)
        if outcome is None:
            return True
        result.outcomes.append(outcome)
        result.error = outcome.unexpected_error
        return result.error is None

    async def _change_before(self, card: ReservedJob) -> None:
        for change in self._case.changes:
            if change.attempt == card.delivery.attempt and change.matches(card.entry):
                changing = await self._own(change.change)
                if isawaitable(changing):
                    await changing

    async def _perform(self, card: ReservedJob) -> PerformedJob | None:
        """What came of it; None, if its worker was lost, so that it comes again."""
        delivery, entry = card.delivery, card.entry
        if self._chaos is not None and await self._chaos.loses_before(card):
            return None
        context = context_of(delivery)
        line = LeaseSink(card.backend, delivery.token, LEASE_MS)
        context.carry(line)
        entry.plain, entry.loop = self._plain, asyncio.get_running_loop()
        about: dict[str, Any] = {
            "id": context.id,
            "job": context.job,
            "queue": context.queue,
            "attempt": context.attempt,
        }
        self._tape.expect(entry)
        events.emit(events.Started(**about))
        registry = card.app if self._chaos is None else self._chaos.watched(card, context, line)
        performing = self._execute(delivery, context, registry, self._plain)
        outcome = await entry.loop.create_task(performing, context=Context())
        if self._chaos is not None:
            if await self._chaos.loses_after(card, outcome):
                return None
            outcome = self._chaos.paced(card, outcome)
        self._tape.expect(entry)
        events.emit(events.Ended(**about, outcome=outcome))
        (settled,) = await card.backend.settle([outcome.settlement(delivery.token, 0)])
        if isinstance(settled, Settled):
            events.emit(events.Settled(**about, outcome=outcome))
        if outcome.state is Performed.INTERRUPTED and outcome.error is not None:
            raise outcome.error  # the verb itself was cancelled
        return self._outcome(outcome, entry)

    def _outcome(self, outcome: CoreOutcome, entry: Entry) -> PerformedJob:
        execution = next(each for each in reversed(self._tape.executions) if each.origin is entry)
        return PerformedJob.of(outcome, execution, self._tape)
