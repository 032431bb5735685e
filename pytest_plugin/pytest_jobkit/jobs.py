"""The fixture's object: the logs of a test, and the verbs that perform its jobs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from msgspec import UNSET

from jobkit.connections.portal import portal
from jobkit.enqueue.enqueue import refuse_running_loop
from jobkit.jobs.call import EPOCH, Call
from pytest_jobkit.performing import advance as walking
from pytest_jobkit.performing.django_threads import thread_sensitive
from pytest_jobkit.performing.errors import raise_or_return
from pytest_jobkit.performing.inline import InlineMode
from pytest_jobkit.performing.outage import Outage
from pytest_jobkit.performing.performer import BeforeAttempt, Performer, in_place, plain_on_loop
from pytest_jobkit.performing.selection import ALL, select
from pytest_jobkit.recording import matching
from pytest_jobkit.recording.log import Kind, Log
from pytest_jobkit.recording.window import Window
from pytest_jobkit.workers.wait import PATIENCE, Wait

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable
    from typing import Any

    from jobkit.app import App
    from jobkit.connections.portal import CallerThread
    from pytest_jobkit.case import Case
    from pytest_jobkit.performing.outcome import PerformedJob
    from pytest_jobkit.recording.entry import Entry
    from pytest_jobkit.recording.matching import Matchable

T = TypeVar("T")

LIMIT = 100
"""How many jobs one verb performs before it takes them for endless."""


class Jobs:
    """The background jobs of one test.

    Logs, live and in order: ``enqueued`` (ever), ``pending`` (not yet performed, or to be tried again),
    ``performed`` (ran to their end), ``failed`` (an entry an attempt), ``dead``. Nothing is performed by itself: see
    `perform`, `advance`, `inline`. Each verb that performs or waits has a twin for asynchronous tests: `aperform`, ...
    """

    def __init__(self, case: Case) -> None:
        self._case = case
        tape = self._tape = case.tape
        self.enqueued = Log("jobs.enqueued", tape, tape.enqueued)
        self.pending = Log("jobs.pending", tape, tape.pending)
        self.performed = Log("jobs.performed", tape, tape.performed, Kind.RUNS)
        self.failed = Log("jobs.failed", tape, tape.failed, Kind.FAILURES)
        self.dead = Log("jobs.dead", tape, tape.dead, Kind.FAILURES)

    @property
    def now(self) -> datetime:
        """The time of the backend's clock, in UTC: real when the test began, and standing still between verbs."""
        return EPOCH + timedelta(milliseconds=self._case.now_ms())

    # Performing what is due.

    def perform(
        self,
        only: Matchable | Iterable[Matchable] | None = None,
        exclude: Matchable | Iterable[Matchable] | None = None,
        queue: str | Iterable[str] | None = None,
        limit: int = LIMIT,
    ) -> list[PerformedJob]:
        """Perform all that is due, and what that enqueues, until nothing is; returns what came of each.

        Higher priority first, then what was due earlier, then what was enqueued earlier. ``only``, ``exclude``: a
        job, a pattern, or a list; ``queue``: a name or a list; others stay pending. An error that the job's rules
        cover is logged in ``failed``; any other leaves this verb as it is, with a note, and the rest stays pending.
        Plain functions run in the thread that calls this.
        """
        __tracebackhide__ = True
        wanted = select(self._tape, only, exclude, queue)
        result = self._wait("perform", lambda performer: performer.until_idle(wanted, limit, "jobs.perform()"))
        return raise_or_return(result)

    async def aperform(
        self,
        only: Matchable | Iterable[Matchable] | None = None,
        exclude: Matchable | Iterable[Matchable] | None = None,
        queue: str | Iterable[str] | None = None,
        limit: int = LIMIT,
    ) -> list[PerformedJob]:
        """`perform` for asynchronous tests: jobs run on this loop, plain functions in threads."""
        __tracebackhide__ = True
        wanted = select(self._tape, only, exclude, queue)
        return raise_or_return(await self._here().until_idle(wanted, limit, "jobs.aperform()"))

    def perform_one(self, pattern: Matchable | None = None) -> PerformedJob:
        """Perform exactly one job that is due, the first like this; an error if there is none."""
        __tracebackhide__ = True
        wanted = ALL if pattern is None else matching.matcher(matching.check(pattern))
        return self._one(raise_or_return(self._wait("perform_one", lambda performer: performer.one(wanted))), pattern)

    async def aperform_one(self, pattern: Matchable | None = None) -> PerformedJob:
        """`perform_one` for asynchronous tests."""
        __tracebackhide__ = True
        wanted = ALL if pattern is None else matching.matcher(matching.check(pattern))
        return self._one(raise_or_return(await self._here().one(wanted)), pattern)

    def _one(self, outcomes: list[PerformedJob], pattern: Matchable | None) -> PerformedJob:
        __tracebackhide__ = True
        if outcomes:
            return outcomes[0]
        from pytest_jobkit.recording.messages import nothing_due

        raise AssertionError(nothing_due(pattern, self.pending))

    # Moving the clock.

    def advance(
        self,
        by: timedelta | None = None,
        *,
        weeks: float = 0,
        days: float = 0,
        hours: float = 0,
        minutes: float = 0,
        seconds: float = 0,
        milliseconds: float = 0,
        to: datetime | None = None,
        freeze: bool = False,
        recurring: App | Iterable[App] | None = None,
        limit: int = LIMIT,
    ) -> list[PerformedJob]:
        """Let time pass, and perform each job when it is due; returns what came of each.

        ``to``: until this instant, with its zone, for tests in which the time of day matters. Moves the clock of the
        backend; with ``freeze`` (and time-machine installed) the program's too, which stands still from then on.
        ``recurring``: the app (or apps) whose recurring jobs are enqueued on the way, each tick's at its tick.
        ``limit``: jobs at one instant. On a backend whose clock can't be moved this skips the test.
        """
        __tracebackhide__ = True
        step = walking.duration_of(self.now, by, to, weeks, days, hours, minutes, seconds, milliseconds)
        self._case.prepare_clock(freeze=freeze)
        return raise_or_return(
            self._wait("advance", lambda performer: walking.advance(self._case, performer, step, limit, recurring))
        )

    async def aadvance(
        self,
        by: timedelta | None = None,
        *,
        weeks: float = 0,
        days: float = 0,
        hours: float = 0,
        minutes: float = 0,
        seconds: float = 0,
        milliseconds: float = 0,
        to: datetime | None = None,
        freeze: bool = False,
        recurring: App | Iterable[App] | None = None,
        limit: int = LIMIT,
    ) -> list[PerformedJob]:
        """`advance` for asynchronous tests."""
        __tracebackhide__ = True
        step = walking.duration_of(self.now, by, to, weeks, days, hours, minutes, seconds, milliseconds)
        self._case.prepare_clock(freeze=freeze)
        return raise_or_return(await walking.advance(self._case, self._here(), step, limit, recurring))

    # One job alone.

    def run(self, call: Call, *, attempt: int = 1, checkpoint: object = UNSET) -> PerformedJob:
        """Perform one call through coder, middlewares and rules, as this attempt, and say what came of it.

        ``checkpoint``: where an earlier attempt said that it was. Stores nothing, and raises nothing that the job
        raises.
        """
        _check_call(call)
        return self._reported(self._wait("run", lambda performer: performer.call(call, attempt, checkpoint)))

    async def arun(self, call: Call, *, attempt: int = 1, checkpoint: object = UNSET) -> PerformedJob:
        """`run` for asynchronous tests."""
        _check_call(call)
        return self._reported(await self._here().call(call, attempt, checkpoint))

    def _reported(self, outcome: PerformedJob) -> PerformedJob:
        outcome.entry.expected = True
        return outcome

    # Waiting for somebody else.

    def wait_for(self, pattern: Matchable, timeout: float = PATIENCE) -> Entry:
        """Wait until a real worker has performed a job like this, and return its entry in ``performed``.

        For workers that run beside the test, in this process or in one of their own. ``timeout``: seconds, after which
        it fails and says where such jobs stand.
        """
        __tracebackhide__ = True
        refuse_running_loop("jobs.wait_for()", "jobs.await_for()")
        return Wait(self._case, pattern, timeout, self.performed).here()

    async def await_for(self, pattern: Matchable, timeout: float = PATIENCE) -> Entry:  # noqa: ASYNC109
        """`wait_for` for asynchronous tests."""
        __tracebackhide__ = True
        return await Wait(self._case, pattern, timeout, self.performed).on_loop()

    # Arranging.

    def window(self) -> Window:
        """``with jobs.window() as inside:`` only what happens inside is in its logs, which freeze at its end."""
        return Window(self._tape)

    def inline(self, only: Matchable | Iterable[Matchable] | None = None) -> InlineMode:
        """``with jobs.inline():`` due jobs are performed inside their own enqueue; delayed ones and retries wait.

        ``only``: a job, a pattern, or a list. An error that no rule of the job covers leaves the enqueue.
        """
        return InlineMode(self._case, select(self._tape, only))

    def before_attempt(self, pattern: Matchable, n: int, change: Callable[[], object]) -> None:
        """Call ``change()`` before the n-th attempt (the first is 1) of each such job: the world changes meanwhile."""
        if n < 1:
            raise ValueError(f"attempts are counted from 1, not {n}")
        self._case.changes.append(BeforeAttempt(matching.matcher(matching.check(pattern)), n, change))

    def broker_down(self, at: int = 1, count: int = 1) -> Outage:
        """``with jobs.broker_down():`` an enqueue inside raises `jobkit.BackendUnavailable`, and stores nothing.

        ``at``: the first that does, counted from 1; a batch is one. ``count``: how many do.
        """
        return Outage(self._case, at, count)

    def ignore(self, *patterns: Matchable) -> None:
        """Jobs like these may be left enqueued, now and later in this test."""
        self._case.ignored.extend(matching.matcher(matching.check(pattern)) for pattern in patterns)

    # How a verb gets to a loop.

    def _wait(self, verb: str, make: Callable[[Performer], Coroutine[Any, Any, T]]) -> T:
        __tracebackhide__ = True
        refuse_running_loop(f"jobs.{verb}()", f"jobs.a{verb}()")
        return portal().call(lambda home: self._at_home(home, make))

    async def _at_home(self, home: CallerThread, make: Callable[[Performer], Coroutine[Any, Any, T]]) -> T:
        with thread_sensitive(home):
            return await make(Performer(self._case, home.run, home.run))

    def _here(self) -> Performer:
        return Performer(self._case, plain_on_loop(), in_place)

    def __repr__(self) -> str:
        return "jobs"


def _check_call(call: object) -> None:
    if not isinstance(call, Call):
        raise TypeError(f"run takes job.call(...), not {type(call).__name__}")
