"""Histories of workers, written by hand: what each did and heard, and the rules that it breaks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from jobkit.backend import (
    CancelRequested,
    Dead,
    Delivery,
    Done,
    Extended,
    Extension,
    LeaseExpired,
    Message,
    Release,
    RetryAt,
    Settled,
    Settlement,
    Stale,
)
from jobkit.errors import BackendUnavailable
from jobkit_conformance.history.calls import Call
from jobkit_conformance.history.worker_history import Interval, JobRun, JobSpec, WorkerHistory, probe
from jobkit_conformance.scenario import StartWorker
from tests.conformance.histories import OPEN, Written

LEASE: Final = 900
"""Milliseconds, as all here."""
GRACE: Final = 500
LIMIT: Final = 300
FAILED: Final = BackendUnavailable("away")


class Shift(Written):
    """A worker ``w``, and a job ``a`` that it may perform three times."""

    def __init__(self) -> None:
        super().__init__()
        self.wait(5_000)  # so that an instant is no duration
        self.history.duties["a"] = JobSpec(attempts=3, wait=100)
        self.w = self.hire("w")

    def hire(self, name: str, concurrency: int = 1) -> WorkerHistory:
        return self.history.hire(name, StartWorker(concurrency, LEASE, GRACE))

    def duty(self, id: str = "a", **of: Any) -> None:
        self.history.duties[id] = JobSpec(**{"attempts": 3, "wait": 100, **of})

    def ask(
        self, verb: str, items: list[Any], answer: Any, *, by: str = "", of: WorkerHistory | None = None, **stated: int
    ) -> Call:
        """A verb, and what the worker heard of it: an answer, an error, or nothing yet."""
        process = of or self.w
        call = Call(by or process.name, verb, items, stated, *self.history.instant())
        process.calls.append(call)
        self.answer(call, answer)
        return call

    def reserve(self, *found: Delivery, limit: int = 1, answer: Any = None, of: WorkerHistory | None = None) -> Call:
        heard = list(found) if answer is None else answer
        return self.ask("reserve", ["q"], heard, of=of, limit=limit, lease=LEASE, wait=0)

    def hear(self, id: str = "a", attempt: int = 1, *, of: WorkerHistory | None = None) -> Delivery:
        """A delivery of a job, with a lease from now on."""
        found = Delivery(Message(id, "q", b""), attempt, attempt, f"{id}{attempt}", self.clock.now_ms() + LEASE)
        self.reserve(found, of=of)
        return found

    def begin(self, id: str = "a", attempt: int = 1, *, of: WorkerHistory | None = None) -> JobRun:
        return self.history.started(of or self.w, id, attempt)

    def run(self, id: str = "a", attempt: int = 1, *, of: WorkerHistory | None = None) -> JobRun:
        """A delivery, started."""
        self.hear(id, attempt, of=of)
        return self.begin(id, attempt, of=of)

    def finish(self, start: JobRun, raised: str = "", *, own: bool = True, told: bool = False) -> None:
        start.raised, start.own, start.told = raised, own and bool(raised), told
        start.ended, start.to_ms = self.history.instant()

    def give(self, settlement: Settlement, answer: Any = None, *, of: WorkerHistory | None = None) -> None:
        self.ask("settle", [settlement], [Settled()] if answer is None else answer, of=of)

    def keep(self, answer: Any = None) -> None:
        """Extend by a lease."""
        heard = [Extended(self.clock.now_ms() + LEASE)] if answer is None else answer
        self.ask("extend", [Extension("a1", LEASE)], heard, by=self.w.keeper)

    def stop(self, process: WorkerHistory | None = None) -> None:
        """It hears that it should stop."""
        of = process or self.w
        of.asked, of.asked_ms = self.history.instant()

    def stopped(self, process: WorkerHistory | None = None) -> None:
        of = process or self.w
        of.stopped, of.stopped_ms = self.history.instant()

    def die(self, process: WorkerHistory | None = None) -> None:
        of = process or self.w
        of.died, of.died_ms = self.history.instant()

    def span(self, spans: list[Interval], milliseconds: int) -> None:
        """So long something is the case with it."""
        begun = self.history.instant()
        self.wait(milliseconds)
        spans.append(Interval(*begun, *self.history.instant()))


Write = Callable[[Shift], object]


@dataclass(frozen=True)
class Case:
    """A history, and all the rules that it breaks."""

    write: Write
    rules: frozenset[str]

    def written(self) -> Shift:
        shift = Shift()
        self.write(shift)
        return shift


CASES: Final[list[Case]] = []


def case(*rules: str) -> Callable[[Write], Write]:
    def keep(write: Write) -> Write:
        CASES.append(Case(write, frozenset(rules)))
        return write

    return keep


# W1 and W5: what is performed, and what can't be.


@case()
def performed_and_settled(h: Shift) -> None:
    h.finish(h.run())
    h.give(Done("a1"))


@case("W1")
def settled_before_it_had_ended(h: Shift) -> None:
    start = h.run()
    h.give(Done("a1"))
    h.finish(start)


@case("W1")
def settled_and_never_started(h: Shift) -> None:
    h.hear()
    h.give(Done("a1"))


@case("W1")
def settled_and_never_started_where_the_dead_are_not_kept(h: Shift) -> None:
    h.duty(buried=False)
    h.hear()
    h.give(Done("a1"))


@case("W1")
def failed_and_settled_as_done(h: Shift) -> None:
    h.finish(h.run(), "ValueError")
    h.give(Done("a1"))


@case("W1")
def the_second_of_two_settled_before_its_time(h: Shift) -> None:
    """The first attempt's end is none of the second's."""
    h.finish(h.run(), "ValueError")
    h.give(RetryAt("a1", after=100))
    h.hear(attempt=2)
    h.give(Done("a2"))


@case("W1")
def ended_and_never_settled(h: Shift) -> None:
    h.finish(h.run())


@case("W1")
def failed_and_never_settled(h: Shift) -> None:
    h.finish(h.run(), "ValueError")


@case()
def ended_and_died_before_it_was_settled(h: Shift) -> None:
    h.finish(h.run())
    h.die()


@case()
def nobody_can_read_it_and_it_is_dead(h: Shift) -> None:
    h.duty(readable=False)
    h.hear()
    h.give(Dead("a1", "no job at all"))


@case("W5")
def nobody_can_read_it_and_it_is_dead_without_a_reason(h: Shift) -> None:
    h.duty(readable=False)
    h.hear()
    h.give(Dead("a1", " "))


@case()
def nobody_can_read_it_and_it_is_done_where_the_dead_are_not_kept(h: Shift) -> None:
    h.duty(readable=False, buried=False)
    h.hear()
    h.give(Done("a1"))


@case("W5")
def nobody_can_read_it_and_it_is_done(h: Shift) -> None:
    h.duty(readable=False)
    h.hear()
    h.give(Done("a1"))


@case("W5")
def nobody_can_read_it_and_it_is_given_back(h: Shift) -> None:
    h.duty(readable=False)
    h.hear()
    h.give(Release("a1"))


@case("W5")
def nobody_can_read_it_and_it_is_given_back_where_the_dead_are_not_kept(h: Shift) -> None:
    h.duty(readable=False, buried=False)
    h.hear()
    h.give(Release("a1"))


@case()
def nobody_can_read_it_and_its_worker_stops(h: Shift) -> None:
    h.duty(readable=False)
    h.hear()
    h.stop()
    h.give(Release("a1"))
    h.stopped()


def left_over(h: Shift, id: str = "a") -> None:
    """Who looks after what is left finds it."""
    call = h.history.begin("rest", "reserve", ["q"], {"limit": 1, "lease": LEASE, "wait": 0})
    h.answer(call, [Delivery(Message(id, "q", b""), 3, 3, f"{id}3", h.clock.now_ms() + LEASE)])


def left_behind(h: Shift, *, heard: bool = False, busy: bool = False, blocked: bool = False) -> None:
    h.put()
    h.finish(h.run(attempt=1))
    h.give(Release("a1"))
    h.calm()
    if heard:
        h.hear(attempt=2)
        h.give(Release("a2"))
    if busy:
        h.duty("other")
        h.wait(5_001)
        other, begun = h.run("other"), h.history.instant()
        h.stop()
        h.finish(other)
        h.w.blocked += [Interval(*begun, *h.history.instant())] if blocked else []
        h.give(Done("other1"))
        h.stopped()
    left_over(h)


@case("W1")
def left_by_every_worker(h: Shift) -> None:
    left_behind(h)


@case()
def left_by_who_was_busy_to_the_end(h: Shift) -> None:
    left_behind(h, busy=True)


@case()
def left_by_who_was_blocked_to_the_end(h: Shift) -> None:
    h.w.concurrency = 2
    left_behind(h, busy=True, blocked=True)


@case("W1")
def left_by_who_could_do_two_things(h: Shift) -> None:
    h.w.concurrency = 2
    left_behind(h, busy=True)


@case()
def left_since_it_was_just_tried_again(h: Shift) -> None:
    left_behind(h, heard=True)


def left_by_who_had_time(h: Shift, before: Callable[[], object], after: Callable[[], object]) -> None:
    """Something befalls its worker, and not while it could have taken it."""
    h.put()
    h.duty("other")
    h.calm()
    before()
    h.wait(5_001)
    h.hear("other")
    h.stop()
    h.wait(1)
    after()
    h.finish(h.begin("other"))
    h.give(Done("other1"))
    h.stopped()
    left_over(h)


@case("W1")
def left_by_who_began_something_afterwards(h: Shift) -> None:
    left_by_who_had_time(h, lambda: None, lambda: None)


@case("W1")
def left_by_who_had_been_blocked_before(h: Shift) -> None:
    left_by_who_had_time(h, lambda: h.span(h.w.blocked, 5), lambda: None)


@case("W1")
def left_by_who_was_blocked_afterwards(h: Shift) -> None:
    left_by_who_had_time(h, lambda: None, lambda: h.span(h.w.blocked, 5))


@case()
def left_by_who_was_busy_where_another_had_time_before_all_was_calm(h: Shift) -> None:
    h.put()
    h.duty("other")
    h.stop()
    h.stopped()
    h.calm()
    relief = h.hire("relief")
    start = h.run("other", of=relief)
    h.stop(relief)
    h.finish(start)
    h.give(Done("other1"), of=relief)
    h.stopped(relief)
    left_over(h)


def probe_left_behind(h: Shift, *, busy: bool) -> None:
    id = probe("w", 0)
    h.duty(id)
    start = h.run()
    if not busy:
        h.finish(start)
        h.give(Done("a1"))
    h.calm()
    h.wait(0 if busy else 5_001)
    h.stop()
    if busy:
        h.finish(start)
        h.give(Done("a1"))
    h.stopped()
    left_over(h, id)


@case()
def a_probe_is_left_since_its_worker_had_something_else_to_do(h: Shift) -> None:
    probe_left_behind(h, busy=True)


@case("W1", "W6")
def a_probe_is_left_by_a_worker_that_had_time(h: Shift) -> None:
    probe_left_behind(h, busy=False)


# W2: its lease is kept, and not for ever.


@case("W2")
def nobody_kept_its_lease(h: Shift) -> None:
    start = h.run()
    h.wait(LEASE + 1)
    h.finish(start)
    h.give(Done("a1"))


@case()
def it_ended_with_its_lease(h: Shift) -> None:
    start = h.run()
    h.wait(LEASE)
    h.finish(start)
    h.give(Done("a1"))


@case()
def its_lease_was_kept(h: Shift) -> None:
    start = h.run()
    h.wait(LEASE)
    h.keep()
    h.wait(LEASE)
    h.finish(start)
    h.give(Done("a1"))


@case("W2")
def its_lease_was_kept_once(h: Shift) -> None:
    start = h.run()
    h.wait(LEASE)
    h.keep()
    h.wait(LEASE + 1)
    h.finish(start)
    h.give(Done("a1"))


@case("W2")
def its_lease_was_kept_too_late(h: Shift) -> None:
    start = h.run()
    h.wait(LEASE + 1)
    h.keep()
    h.finish(start)
    h.give(Done("a1"))


@case("W2")
def marked_and_then_not_kept(h: Shift) -> None:
    start = h.run()
    h.wait(300)
    h.keep(answer=[CancelRequested(h.clock.now_ms() + LEASE)])
    h.wait(LEASE + 1)
    h.finish(start)
    h.give(Release("a1"))


@case()
def what_was_tried_in_vain(h: Shift) -> None:
    start = h.run()
    h.wait(300)
    h.keep(answer=FAILED)
    h.wait(LEASE)
    h.finish(start)
    h.give(Done("a1"))


@case()
def settled_and_then_not_kept(h: Shift) -> None:
    start = h.run()
    h.wait(100)
    h.give(Release("a1"))
    h.wait(2 * LEASE)
    h.finish(start)


@case()
def it_died_and_kept_nothing(h: Shift) -> None:
    h.run()
    h.wait(100)
    h.die()
    h.wait(LEASE)


@case("W2")
def it_died_too_late_for_an_excuse(h: Shift) -> None:
    h.run()
    h.wait(LEASE + 1)
    h.die()


@case()
def it_stood_still_and_kept_nothing(h: Shift) -> None:
    start = h.run()
    h.wait(100)
    h.span(h.w.frozen, LEASE)
    h.finish(start)
    h.give(Done("a1"))


@case("W2")
def it_had_stood_still_before(h: Shift) -> None:
    h.span(h.w.frozen, 10)
    h.wait(1)
    start = h.run()
    h.wait(LEASE + 1)
    h.finish(start)
    h.give(Done("a1"))


@case("W2")
def it_stood_still_afterwards(h: Shift) -> None:
    start = h.run()
    h.wait(LEASE + 1)
    h.span(h.w.frozen, 10)
    h.finish(start)
    h.give(Done("a1"))


@case()
def it_heard_of_it_late(h: Shift) -> None:
    call = h.reserve(answer=OPEN)
    found = Delivery(Message("a", "q", b""), 1, 1, "a1", h.clock.now_ms() + LEASE)
    h.wait(LEASE // 2 + 1)
    h.answer(call, [found])
    start = h.begin()
    h.wait(LEASE)
    h.finish(start)
    h.give(Done("a1"))


@case("W2")
def it_heard_of_it_early_enough(h: Shift) -> None:
    call = h.reserve(answer=OPEN)
    found = Delivery(Message("a", "q", b""), 1, 1, "a1", h.clock.now_ms() + LEASE)
    h.wait(LEASE // 2)
    h.answer(call, [found])
    start = h.begin()
    h.wait(LEASE)
    h.finish(start)
    h.give(Done("a1"))


def keeper_waits(h: Shift, milliseconds: int, *, before: int = 0, by: str = "w keeper") -> None:
    start = h.run()
    h.wait(before)
    call = h.ask("extend", [Extension("b1", LEASE)], OPEN, by=by)
    h.wait(milliseconds)
    h.answer(call, [Stale()])
    h.wait(LEASE + 1)
    h.finish(start)
    h.give(Done("a1"))


@case()
def its_keeper_waited_for_an_answer(h: Shift) -> None:
    keeper_waits(h, LEASE // 4 + 1)


@case("W2")
def its_keeper_waited_a_little(h: Shift) -> None:
    keeper_waits(h, LEASE // 4)


@case("W2")
def somebody_else_waited(h: Shift) -> None:
    keeper_waits(h, LEASE, by="w")


@case("W2")
def its_keeper_waited_afterwards(h: Shift) -> None:
    keeper_waits(h, LEASE, before=LEASE + 1)


@case("W2")
def its_keeper_had_waited_before(h: Shift) -> None:
    call = h.ask("extend", [Extension("b1", LEASE)], OPEN, by=h.w.keeper)
    h.wait(LEASE)
    h.answer(call, [Stale()])
    h.wait(1)
    start = h.run()
    h.wait(LEASE + 1)
    h.finish(start)
    h.give(Done("a1"))


@case("W7")
def its_lease_was_not_kept_in_the_grace(h: Shift) -> None:
    start = h.run()
    h.stop()
    h.wait(LEASE + 1)
    h.finish(start)
    h.give(Done("a1"))
    h.stopped()


@case("W2")
def its_lease_was_not_kept_and_then_it_was_asked_to_stop(h: Shift) -> None:
    start = h.run()
    h.wait(LEASE + 1)
    h.stop()
    h.finish(start)
    h.give(Done("a1"))
    h.stopped()


def beyond_its_limit(h: Shift, milliseconds: int) -> None:
    h.duty(limit=LIMIT)
    start = h.run()
    h.wait(milliseconds)
    h.keep()
    h.finish(start, "CancelledError", own=False)
    h.give(RetryAt("a1", after=100))


@case()
def its_lease_was_kept_up_to_its_limit(h: Shift) -> None:
    beyond_its_limit(h, LIMIT + 2)


@case("W2")
def its_lease_was_kept_beyond_its_limit(h: Shift) -> None:
    beyond_its_limit(h, LIMIT + 3)


@case()
def past_its_limit_nobody_keeps_it(h: Shift) -> None:
    h.duty(limit=LIMIT)
    start = h.run()
    h.wait(LIMIT)
    h.give(RetryAt("a1", after=100))
    h.wait(2 * LEASE)
    h.finish(start)


@case()
def one_that_can_not_start_is_kept_for_its_limit_only(h: Shift) -> None:
    h.duty(limit=LIMIT)
    h.hear()
    h.wait(LEASE - 1)
    start = h.begin()
    h.wait(2)
    h.finish(start)
    h.give(Done("a1"))


@case()
def begun_when_its_limit_was_over_and_not_kept(h: Shift) -> None:
    """Counted from the grant."""
    h.duty(limit=1_000)
    h.hear()
    h.wait(600)
    h.keep()
    h.wait(400)
    start = h.begin()
    h.wait(LEASE - 400 + 1)
    h.finish(start)
    h.give(Done("a1"))


def begun_late(h: Shift, *, kept: bool) -> None:
    """Its lease is over when it has run for as long as it may since it was granted, and not since it began."""
    h.duty(limit=1_000)
    h.hear()
    h.wait(600)
    h.keep()
    h.wait(200)
    start = h.begin()
    h.wait(600)
    if kept:
        h.keep()
    h.wait(200)
    h.finish(start)
    h.give(Done("a1"))


@case()
def kept_for_its_limit_from_its_start(h: Shift) -> None:
    begun_late(h, kept=True)


@case("W2")
def kept_for_its_limit_from_the_grant_only(h: Shift) -> None:
    begun_late(h, kept=False)


# W3: who lost it is told.


def lost(h: Shift, outcome: Any, *, told: bool, reported: bool = True, left: int = 1) -> None:
    start = h.run()
    h.wait(300)
    h.keep(answer=[outcome])
    h.wait(left)
    if reported:
        h.w.reported.add("a")
    h.finish(start, told=told)
    h.give(Done("a1"), [Stale()])


@case()
def told_that_it_is_lost(h: Shift) -> None:
    lost(h, Stale(), told=True)


@case("W3")
def not_told_that_it_is_lost(h: Shift) -> None:
    lost(h, Stale(), told=False)


@case("W3")
def not_told_that_it_ran_out(h: Shift) -> None:
    lost(h, LeaseExpired(), told=False)


@case("W3")
def told_and_not_reported(h: Shift) -> None:
    lost(h, Stale(), told=True, reported=False)


@case()
def ended_in_that_instant(h: Shift) -> None:
    lost(h, Stale(), told=False, left=0)


@case()
def lost_after_it_was_settled(h: Shift) -> None:
    start = h.run()
    h.give(Release("a1"))
    h.keep(answer=[Stale()])
    h.wait(1)
    h.finish(start)


@case()
def lost_after_it_had_ended(h: Shift) -> None:
    h.finish(h.run())
    h.keep(answer=[Stale()])
    h.give(Done("a1"))


@case()
def told_and_blocked(h: Shift) -> None:
    start = h.run()
    h.wait(300)
    h.keep(answer=[Stale()])
    h.span(h.w.blocked, 5)
    h.finish(start, told=True)
    h.give(Done("a1"), [Stale()])


@case("W3")
def blocked_before_and_not_reported(h: Shift) -> None:
    start = h.run()
    h.span(h.w.blocked, 5)
    h.keep(answer=[Stale()])
    h.wait(5)
    h.finish(start, told=True)
    h.give(Done("a1"), [Stale()])


# W4: no start too many.


@case()
def the_last_attempt(h: Shift) -> None:
    h.finish(h.run(attempt=3))
    h.give(Done("a3"))


@case("W4")
def one_attempt_too_many(h: Shift) -> None:
    h.finish(h.run(attempt=4))
    h.give(Done("a4"))


@case()
def one_delivery_too_many_is_dead(h: Shift) -> None:
    h.hear(attempt=4)
    h.give(Dead("a4", "worn out"))


@case()
def one_delivery_too_many_is_done_where_the_dead_are_not_kept(h: Shift) -> None:
    h.duty(buried=False)
    h.hear(attempt=4)
    h.give(Done("a4"))


@case("W1", "W4")
def one_delivery_too_many_is_done(h: Shift) -> None:
    h.hear(attempt=4)
    h.give(Done("a4"))


@case()
def the_last_attempt_fails_where_the_dead_are_not_kept(h: Shift) -> None:
    h.duty(buried=False)
    h.finish(h.run(attempt=3), "ValueError")
    h.give(Done("a3"))


@case("W1")
def the_last_attempt_fails_and_is_done(h: Shift) -> None:
    h.finish(h.run(attempt=3), "ValueError")
    h.give(Done("a3"))


@case("W1")
def the_last_attempt_fails_after_it_was_done_where_the_dead_are_not_kept(h: Shift) -> None:
    h.duty(buried=False)
    start = h.run(attempt=3)
    h.give(Done("a3"))
    h.finish(start, "ValueError")


@case("W1")
def an_attempt_fails_that_is_not_the_last_and_is_done_where_the_dead_are_not_kept(h: Shift) -> None:
    h.duty(buried=False)
    h.finish(h.run(attempt=2), "ValueError")
    h.give(Done("a2"))


@case()
def an_attempt_fails_for_good_where_the_dead_are_not_kept(h: Shift) -> None:
    h.duty(buried=False)
    h.finish(h.run(attempt=1), "Alien")
    h.give(Done("a1"))


@case("W1")
def an_attempt_fails_for_good_after_it_was_done_where_the_dead_are_not_kept(h: Shift) -> None:
    h.duty(buried=False)
    start = h.run(attempt=1)
    h.give(Done("a1"))
    h.finish(start, "Alien")


@case("W1")
def an_attempt_is_interrupted_and_done_where_the_dead_are_not_kept(h: Shift) -> None:
    h.duty(buried=False)
    h.finish(h.run(attempt=1), "CancelledError", own=False)
    h.give(Done("a1"))


@case("W13")
def the_last_attempt_passes_its_limit_and_is_done(h: Shift) -> None:
    h.duty(limit=LIMIT)
    start = h.run(attempt=3)
    h.wait(LIMIT + 1)
    h.finish(start)
    h.give(Done("a3"))


@case()
def the_last_attempt_passes_its_limit_where_the_dead_are_not_kept(h: Shift) -> None:
    h.duty(buried=False, limit=LIMIT)
    start = h.run(attempt=3)
    h.wait(LIMIT + 1)
    h.give(Done("a3"))
    h.finish(start)


@case("W13")
def an_attempt_passes_its_limit_that_is_not_the_last_and_is_done_where_the_dead_are_not_kept(h: Shift) -> None:
    h.duty(buried=False, limit=LIMIT)
    start = h.run(attempt=2)
    h.wait(LIMIT + 1)
    h.finish(start)
    h.give(Done("a2"))


@case("W4")
def one_delivery_too_many_is_given_back(h: Shift) -> None:
    h.hear(attempt=4)
    h.give(Release("a4"))


@case()
def one_delivery_too_many_and_its_worker_stops(h: Shift) -> None:
    h.hear(attempt=4)
    h.stop()
    h.give(Release("a4"))
    h.stopped()


@case()
def nobody_counts_what_can_not_be_read(h: Shift) -> None:
    h.duty(attempts=1, readable=False)
    h.hear(attempt=4)
    h.give(Dead("a4", "no job at all"))


@case("W5")
def nobody_counts_what_can_not_be_read_and_is_given_back(h: Shift) -> None:
    h.duty(attempts=1, readable=False)
    h.hear(attempt=4)
    h.give(Release("a4"))


# W6 and W9: who lives on works on.


@case("W6")
def an_odd_error_and_never_settled(h: Shift) -> None:
    h.finish(h.run(), "Alien")


@case("W1")
def interrupted_and_never_settled(h: Shift) -> None:
    h.finish(h.run(), "CancelledError", own=False)


def probed(
    h: Shift, started: int, *, most: int = 2, fault: bool = False, busy: bool = False, late: bool = False
) -> None:
    h.w.concurrency = most
    if fault:
        h.reserve(answer=FAILED)
    other = h.run() if busy else None
    if not late:
        h.calm()
    for number in range(most):
        h.duty(probe("w", number))
    starts = [h.run(probe("w", number)) for number in range(started)]
    if late:
        h.calm()
    for start in starts:
        h.finish(start)
        h.give(Done(f"{start.id}1"))
    if other is not None:
        h.finish(other)
        h.give(Done("a1"))
    h.stop()
    h.stopped()


@case()
def it_still_performs_as_many_as_it_may(h: Shift) -> None:
    probed(h, 2)


@case("W6")
def it_performs_one_less(h: Shift) -> None:
    probed(h, 1)


@case("W6")
def it_performs_none(h: Shift) -> None:
    probed(h, 0)


@case("W6")
def it_performs_one_less_and_something_had_failed(h: Shift) -> None:
    probed(h, 1, fault=True)


@case("W9")
def it_performs_none_since_something_failed(h: Shift) -> None:
    probed(h, 0, fault=True)


@case()
def it_had_something_else_to_do(h: Shift) -> None:
    probed(h, 1, busy=True)


@case()
def it_had_something_to_do_that_never_ended(h: Shift) -> None:
    h.run()
    h.calm()
    h.stop()
    h.wait(GRACE)
    h.give(Release("a1"))
    h.stopped()


@case()
def it_stopped_before(h: Shift) -> None:
    h.stop()
    h.stopped()
    h.calm()


@case()
def it_had_died(h: Shift) -> None:
    h.calm()
    h.stop()
    h.die()


@case()
def it_came_later(h: Shift) -> None:
    h.die()
    h.calm()
    other = h.hire("late")
    h.stop(other)
    other.stopped = other.asked


@case("W6")
def one_after_another_where_two_may_run_at_once(h: Shift) -> None:
    h.w.concurrency = 2
    h.calm()
    for number in range(2):
        h.duty(probe("w", number))
        h.finish(h.run(probe("w", number)))
        h.give(Done(f"{probe('w', number)}1"))
    h.stop()
    h.stopped()


def calls(h: Shift, count: int, milliseconds: int) -> None:
    for number in range(count):
        if number == count - 1:
            h.wait(milliseconds)
        h.reserve()


@case()
def forty_calls_within_a_second(h: Shift) -> None:
    calls(h, 40, 999)


@case("W9")
def more_than_forty_calls_within_a_second(h: Shift) -> None:
    calls(h, 41, 999)


@case()
def more_than_forty_calls_in_a_second(h: Shift) -> None:
    calls(h, 41, 1000)


def ready(h: Shift, answer: Any, *, says: bool, after: int = 1) -> None:
    h.reserve(answer=answer)
    h.wait(after)
    h.w.ready.append((*h.history.instant(), says))


@case()
def ready_as_it_says(h: Shift) -> None:
    ready(h, [], says=True)
    ready(h, FAILED, says=False)


@case("W9")
def it_is_not_ready(h: Shift) -> None:
    ready(h, FAILED, says=True)


@case("W9")
def it_is_ready(h: Shift) -> None:
    ready(h, FAILED, says=False)
    ready(h, [], says=False)


@case()
def not_ready_in_that_instant(h: Shift) -> None:
    ready(h, [], says=False, after=0)


@case()
def nothing_was_answered_yet(h: Shift) -> None:
    h.w.ready.append((*h.history.instant(), False))


@case()
def asked_while_it_stood_still(h: Shift) -> None:
    h.reserve(answer=FAILED)
    h.span(h.w.frozen, 5)
    h.w.ready.append((*h.history.instant(), True))


@case("W9")
def a_settle_says_nothing_of_that(h: Shift) -> None:
    h.reserve(answer=FAILED)
    h.wait(1)
    h.ask("settle", [], [])
    h.wait(1)
    h.w.ready.append((*h.history.instant(), True))


# W7: who is asked to stop stops.


@case()
def stopped_in_order(h: Shift) -> None:
    start = h.run()
    h.stop()
    h.wait(GRACE)
    h.finish(start, "CancelledError", own=False)
    h.give(Release("a1"))
    h.stopped()


@case("W7")
def interrupted_within_the_grace(h: Shift) -> None:
    start = h.run()
    h.stop()
    h.wait(GRACE - 1)
    h.finish(start, "CancelledError", own=False)
    h.give(Release("a1"))
    h.stopped()


@case()
def it_cancelled_itself_within_the_grace(h: Shift) -> None:
    start = h.run()
    h.stop()
    h.finish(start, "CancelledError")
    h.give(Dead("a1", "why"))
    h.stopped()


@case()
def lost_within_the_grace(h: Shift) -> None:
    start = h.run()
    h.stop()
    h.finish(start, "CancelledError", own=False, told=True)
    h.give(Release("a1"))
    h.stopped()


@case()
def past_its_limit_within_the_grace(h: Shift) -> None:
    h.duty(limit=LIMIT)
    start = h.run()
    h.wait(LIMIT - 10)
    h.stop()
    h.wait(10)
    h.finish(start, "CancelledError", own=False)
    h.give(RetryAt("a1", after=100))
    h.stopped()


@case()
def interrupted_before_it_was_asked(h: Shift) -> None:
    h.finish(h.run(), "CancelledError", own=False)
    h.give(Release("a1"))
    h.stop()
    h.stopped()


@case("W7")
def it_reserved_after_that(h: Shift) -> None:
    h.stop()
    h.wait(1)
    h.reserve()
    h.stopped()


@case()
def beyond_recall_in_that_instant(h: Shift) -> None:
    h.stop()
    h.reserve()
    h.stopped()


@case("W7")
def it_started_after_that(h: Shift) -> None:
    h.stop()
    start = h.run()
    h.finish(start)
    h.give(Done("a1"))
    h.stopped()


@case()
def it_started_what_it_had_heard_of(h: Shift) -> None:
    h.hear()
    h.stop()
    h.finish(h.begin())
    h.give(Done("a1"))
    h.stopped()


@case()
def it_settles_after_that(h: Shift) -> None:
    h.finish(h.run())
    h.stop()
    h.wait(5)
    h.give(Done("a1"))
    h.stopped()


@case("W7")
def it_never_stopped(h: Shift) -> None:
    h.stop()


@case()
def it_died_over_it(h: Shift) -> None:
    h.stop()
    h.die()


@case("W7")
def it_fell_over_it(h: Shift) -> None:
    h.stop()
    h.w.fell = "ValueError: none"
    h.stopped()


@case("W7")
def it_kept_what_it_had_heard_of(h: Shift) -> None:
    h.hear()
    h.stop()
    h.stopped()


@case("W7")
def it_gave_back_too_late(h: Shift) -> None:
    h.hear()
    h.stop()
    h.stopped()
    h.give(Release("a1"))


@case()
def it_could_not_give_back(h: Shift) -> None:
    h.hear()
    h.stop()
    h.ask("settle", [Release("b1")], FAILED)
    h.stopped()


@case("W7")
def something_had_failed_before_it_was_asked(h: Shift) -> None:
    h.hear()
    h.reserve(answer=FAILED)
    h.stop()
    h.stopped()


@case("W7")
def ended_in_the_grace_and_never_settled(h: Shift) -> None:
    start = h.run()
    h.stop()
    h.finish(start)
    h.ask("settle", [Release("b1")], FAILED)
    h.stopped()


def held_up(h: Shift, milliseconds: int) -> None:
    start = h.run()
    h.stop()
    h.finish(start)
    call = Call("w", "settle", [Done("b1")], {}, *h.history.instant())
    h.w.calls.append(call)
    h.wait(milliseconds)
    h.answer(call, [Settled()])
    h.stopped()


@case()
def another_settle_took_as_long_as_a_lease(h: Shift) -> None:
    held_up(h, LEASE)


@case("W7")
def another_settle_took_almost_as_long_as_a_lease(h: Shift) -> None:
    held_up(h, LEASE - 1)


@case("W7")
def another_settle_had_taken_as_long_as_a_lease_before_it_was_asked(h: Shift) -> None:
    call = h.ask("settle", [Done("b1")], OPEN)
    h.wait(LEASE)
    h.answer(call, [Settled()])
    start = h.run()
    h.stop()
    h.finish(start)
    h.stopped()


@case("W7")
def another_settle_has_no_end(h: Shift) -> None:
    start = h.run()
    h.stop()
    h.finish(start)
    h.ask("settle", [Done("b1")], OPEN)
    h.stopped()


# W8: no more than can start.


@case("W8")
def two_at_once_where_one_may(h: Shift) -> None:
    start, other = h.run(), h.begin("a", 1)
    h.finish(start)
    h.finish(other)
    h.give(Done("a1"))


@case("W8")
def more_than_can_start(h: Shift) -> None:
    h.reserve(limit=2)


@case("W8")
def one_more_beside_one_that_runs(h: Shift) -> None:
    start = h.run()
    h.reserve()
    h.finish(start)
    h.give(Done("a1"))


@case()
def one_more_beside_one_where_two_may(h: Shift) -> None:
    h.w.concurrency = 2
    start = h.run()
    h.reserve()
    h.finish(start)
    h.give(Done("a1"))


@case()
def one_after_another(h: Shift) -> None:
    for attempt in (1, 2):
        h.finish(h.run(attempt=attempt), "ValueError")
        h.give(RetryAt(f"a{attempt}", after=100))


# W10: counted from the failure.


def retried(h: Shift, after: int, *, late: int = 0) -> None:
    h.finish(h.run(), "ValueError")
    h.wait(late)
    h.give(RetryAt("a1", after=after))


@case()
def tried_again_in_time(h: Shift) -> None:
    retried(h, 100)


@case()
def tried_again_almost_in_time(h: Shift) -> None:
    retried(h, 98)


@case("W10")
def tried_again_too_early(h: Shift) -> None:
    retried(h, 97)


@case("W10")
def tried_again_too_late(h: Shift) -> None:
    retried(h, 100, late=60)


@case()
def tried_again_counted_from_the_failure(h: Shift) -> None:
    retried(h, 40, late=60)


@case()
def tried_again_at_once_since_it_was_long_ago(h: Shift) -> None:
    retried(h, 0, late=300)


@case()
def tried_again_almost_at_once_since_it_was_long_ago(h: Shift) -> None:
    retried(h, 2, late=300)


@case("W10")
def tried_again_too_late_since_it_was_long_ago(h: Shift) -> None:
    retried(h, 3, late=300)


@case()
def tried_again_before_it_had_failed(h: Shift) -> None:
    """There is no failure to count from."""
    start = h.run()
    h.give(RetryAt("a1", after=0))
    h.finish(start, "ValueError")


def hurried(h: Shift, *, stopped: bool) -> None:
    h.duty(delayed=False)
    h.finish(h.run(), "ValueError")
    if stopped:
        h.stop()
    h.give(RetryAt("a1", after=0))
    if stopped:
        h.stopped()


@case()
def tried_again_at_once_by_who_stops_where_nothing_waits(h: Shift) -> None:
    hurried(h, stopped=True)


@case("W10")
def tried_again_at_once_where_nothing_waits(h: Shift) -> None:
    hurried(h, stopped=False)


@case("W10")
def tried_again_at_once_by_who_stops(h: Shift) -> None:
    h.finish(h.run(), "ValueError")
    h.stop()
    h.give(RetryAt("a1", after=0))
    h.stopped()


def interrupted_near_its_limit(h: Shift, milliseconds: int) -> None:
    h.duty(limit=LIMIT)
    start = h.run()
    h.wait(milliseconds)
    h.stop()
    h.finish(start, "CancelledError", own=False)
    h.give(RetryAt("a1", after=100))
    h.stopped()


@case()
def interrupted_at_its_limit_almost_to_the_millisecond_within_the_grace(h: Shift) -> None:
    interrupted_near_its_limit(h, LIMIT - 2)


@case("W7")
def interrupted_before_its_limit_within_the_grace(h: Shift) -> None:
    interrupted_near_its_limit(h, LIMIT - 3)


# W13: past its limit.


def ran(h: Shift, milliseconds: int, settlement: Settlement, raised: str = "", *, stop: bool = False) -> None:
    h.duty(limit=LIMIT)
    start = h.run()
    if stop:
        h.stop()
    h.wait(milliseconds)
    h.finish(start, raised, own=False)
    h.give(settlement)
    if stop:
        h.stopped()


@case()
def done_at_its_limit(h: Shift) -> None:
    ran(h, LIMIT, Done("a1"))


@case("W13")
def done_past_its_limit(h: Shift) -> None:
    ran(h, LIMIT + 1, Done("a1"))


@case("W13")
def given_back_past_its_limit(h: Shift) -> None:
    ran(h, LIMIT + 1, Release("a1"), "CancelledError")


@case()
def given_back_past_its_limit_by_one_that_stops(h: Shift) -> None:
    ran(h, LIMIT + 1, Release("a1"), "CancelledError", stop=True)


@case()
def failed_past_its_limit(h: Shift) -> None:
    ran(h, LIMIT + 1, RetryAt("a1", after=0), "CancelledError")


@case()
def given_back_since_it_was_lost(h: Shift) -> None:
    h.duty(limit=LIMIT)
    start = h.run()
    h.wait(LIMIT + 1)
    h.finish(start, "CancelledError", own=False, told=True)
    h.give(Release("a1"))


@case()
def given_back_in_time_and_killed_while_it_ran(h: Shift) -> None:
    h.duty(limit=LIMIT)
    h.run()
    h.give(Release("a1"))
    h.die()


def runs_on(
    h: Shift, milliseconds: int, spans: list[Interval] | None = None, *, failed: bool = False, delayed: bool = True
) -> None:
    h.duty(limit=LIMIT, delayed=delayed)
    start = h.run()
    if spans is not None:
        h.span(spans, 10)
    if failed:
        h.reserve(answer=FAILED, limit=0)
    h.wait(milliseconds)
    h.give(RetryAt("a1", after=0))
    h.wait(1)
    h.finish(start, told=True)


@case()
def it_runs_on_and_has_failed(h: Shift) -> None:
    runs_on(h, LIMIT + 2_000)


@case("W13")
def it_runs_on_and_has_not_failed(h: Shift) -> None:
    runs_on(h, LIMIT + 2_001)


@case()
def it_runs_on_and_its_failure_is_held_where_nothing_waits(h: Shift) -> None:
    runs_on(h, LIMIT + 2_100, delayed=False)


@case("W13")
def it_runs_on_and_its_failure_is_held_too_long(h: Shift) -> None:
    runs_on(h, LIMIT + 2_101, delayed=False)


@case()
def it_runs_on_where_something_failed(h: Shift) -> None:
    runs_on(h, LIMIT + 2_001, failed=True)


@case()
def it_runs_on_and_blocks(h: Shift) -> None:
    runs_on(h, LIMIT + 2_001, h.w.blocked)


@case()
def it_runs_on_and_stood_still(h: Shift) -> None:
    runs_on(h, LIMIT + 2_001, h.w.frozen)


def runs_on_to(h: Shift, end: Callable[[], None]) -> None:
    h.duty(limit=LIMIT)
    h.run()
    h.wait(LIMIT + 2_000)
    end()
    h.wait(1)


@case()
def it_died_before_it_had_to_fail(h: Shift) -> None:
    runs_on_to(h, h.die)


@case()
def it_ended_in_time_though_past_its_limit(h: Shift) -> None:
    ran(h, LIMIT + 2_000, RetryAt("a1", after=0), "CancelledError")


# W12: whom somebody's coming disturbs.


def visited(h: Shift, *, place: str = "between", settle: bool = False, after: int = 10, verb: str = "hire") -> None:
    h.put()
    if place == "before":
        h.hire("other")
    call = h.history.begin("w", "reserve", ["q"], {"limit": 1, "lease": LEASE, "wait": 0})
    h.answer(call, [Delivery(Message("a", "q", b""), 1, 1, "a1", h.clock.now_ms() + LEASE)])
    if place == "between":
        h.stop() if verb == "stop" else h.hire("other")
    if settle:
        h.settle(Release("a1"))
    h.wait(after)
    again = h.history.begin("c1", "reserve", ["q"], {"limit": 1, "lease": LEASE, "wait": 0})
    h.answer(again, [Delivery(Message("a", "q", b""), 2, 2, "a2", h.clock.now_ms() + LEASE)])
    if place == "after":
        h.hire("other")
    if verb == "stop":
        h.stopped()


@case("W12")
def it_came_and_a_lease_ended(h: Shift) -> None:
    visited(h)


@case("W12")
def it_came_and_a_lease_ended_a_little_early(h: Shift) -> None:
    visited(h, after=LEASE - 1)


@case()
def it_came_and_a_lease_ended_in_time(h: Shift) -> None:
    visited(h, after=LEASE)


@case()
def it_came_and_somebody_had_given_back(h: Shift) -> None:
    visited(h, settle=True)


@case()
def it_had_come_before(h: Shift) -> None:
    visited(h, place="before")


@case()
def it_came_afterwards(h: Shift) -> None:
    visited(h, place="after")


@case()
def it_was_its_own_doing(h: Shift) -> None:
    visited(h, verb="stop")


def other_moves(h: Shift, move: Callable[[WorkerHistory], None]) -> None:
    other = h.hire("other")
    h.put()
    call = h.history.begin("w", "reserve", ["q"], {"limit": 1, "lease": LEASE, "wait": 0})
    h.answer(call, [Delivery(Message("a", "q", b""), 1, 1, "a1", h.clock.now_ms() + LEASE)])
    move(other)
    again = h.history.begin("c1", "reserve", ["q"], {"limit": 1, "lease": LEASE, "wait": 0})
    h.answer(again, [Delivery(Message("a", "q", b""), 2, 2, "a2", h.clock.now_ms() + LEASE)])
    other.stopped = other.asked


@case("W12")
def another_stopped_and_a_lease_ended(h: Shift) -> None:
    other_moves(h, h.stop)


@case("W12")
def another_died_and_a_lease_ended(h: Shift) -> None:
    other_moves(h, h.die)


# What excuses nobody, and whom nothing accuses.


def granted_again(h: Shift, number: int) -> None:
    call = h.history.begin("c1", "reserve", ["q"], {"limit": 1, "lease": LEASE, "wait": 0})
    h.answer(call, [Delivery(Message("a", "q", b""), number, number, f"a{number}", h.clock.now_ms() + LEASE)])


@case("W12")
def somebody_had_given_back_an_earlier_one(h: Shift) -> None:
    h.put()
    granted_again(h, 1)
    h.settle(Release("a1"))
    granted_again(h, 2)
    h.hire("other")
    granted_again(h, 3)


@case("W12")
def somebody_gave_back_afterwards(h: Shift) -> None:
    h.put()
    granted_again(h, 1)
    h.hire("other")
    granted_again(h, 2)
    h.settle(Release("a1"))


@case()
def somebody_had_deleted_it(h: Shift) -> None:
    h.put()
    granted_again(h, 1)
    h.hire("other")
    h.touch("delete", OPEN)
    granted_again(h, 2)


@case()
def it_may_have_been_two_jobs(h: Shift) -> None:
    h.put()
    granted_again(h, 1)
    h.hire("other")
    h.put()
    granted_again(h, 2)


@case("W5")
def nobody_can_read_it_and_it_is_done_while_its_worker_stops(h: Shift) -> None:
    h.duty(readable=False)
    h.hear()
    h.stop()
    h.give(Done("a1"))
    h.stopped()


@case("W5")
def nobody_can_read_it_and_its_worker_stops_afterwards(h: Shift) -> None:
    h.duty(readable=False)
    h.hear()
    h.give(Release("a1"))
    h.stop()
    h.stopped()


@case("W1")
def settled_as_done_and_killed_while_it_ran(h: Shift) -> None:
    h.run()
    h.give(Done("a1"))
    h.die()


@case("W4")
def one_attempt_too_many_and_killed(h: Shift) -> None:
    h.run(attempt=4)
    h.die()


@case()
def it_runs_still_and_is_lost(h: Shift) -> None:
    h.run()
    h.wait(1)
    h.keep([Stale()])
    h.wait(1)


@case()
def kept_and_never_started(h: Shift) -> None:
    h.duty(limit=LIMIT)
    h.hear()
    h.wait(LIMIT + 3)
    h.keep()


@case()
def lost_before_it_began(h: Shift) -> None:
    h.hear()
    h.keep([Stale()])
    start = h.begin()
    h.wait(1)
    h.finish(start)
    h.give(Done("a1"), [Stale()])


@case("W3")
def blocked_afterwards_and_not_reported(h: Shift) -> None:
    start = h.run()
    h.keep([Stale()])
    h.wait(5)
    h.finish(start, told=True)
    h.span(h.w.blocked, 5)
    h.give(Done("a1"), [Stale()])


@case()
def tried_again_at_an_instant(h: Shift) -> None:
    h.finish(h.run(), "ValueError")
    h.give(RetryAt("a1", at=0))


@case("W10")
def tried_again_too_early_within_its_limit(h: Shift) -> None:
    h.duty(limit=LIMIT)
    retried(h, 50)


@case()
def in_flight_and_given_back(h: Shift) -> None:
    h.stop()
    h.hear()
    h.give(Release("a1"))
    h.stopped()


@case()
def failed_within_the_grace(h: Shift) -> None:
    start = h.run()
    h.stop()
    h.finish(start, "TimeoutError", own=False)
    h.give(RetryAt("a1", after=100))
    h.stopped()


@case()
def not_ready_any_more_afterwards(h: Shift) -> None:
    ready(h, [], says=True)
    h.wait(1)
    h.reserve(answer=FAILED)


@case("W6")
def it_performs_none_where_one_may(h: Shift) -> None:
    probed(h, 0, most=1)


@case("W6")
def what_it_had_to_do_was_over(h: Shift) -> None:
    h.finish(h.run())
    h.give(Done("a1"))
    probed(h, 1)


@case()
def it_had_something_else_to_do_meanwhile(h: Shift) -> None:
    h.w.concurrency = 2
    h.calm()
    h.finish(h.run())
    h.give(Done("a1"))
    h.stop()
    h.stopped()


def left_to(h: Shift, who: str, *, calm: bool = True, answer: Any = None) -> None:
    h.put()
    if calm:
        h.calm()
    found = [Delivery(Message("a", "q", b""), 1, 1, "a1", h.clock.now_ms() + LEASE)]
    call = h.history.begin(who, "reserve", ["q"], {"limit": 1, "lease": LEASE, "wait": 0})
    h.answer(call, found if answer is None else answer)
    if not calm:
        h.calm()


@case("W1")
def left_to_the_one_who_looks(h: Shift) -> None:
    left_to(h, "rest")


@case()
def left_to_another(h: Shift) -> None:
    left_to(h, "c1")


@case()
def left_to_nobody_so_far(h: Shift) -> None:
    left_to(h, "rest", answer=OPEN)


@case()
def taken_before_all_was_calm(h: Shift) -> None:
    left_to(h, "rest", calm=False)


@case("W1")
def left_while_a_worker_still_asks(h: Shift) -> None:
    left_to(h, "rest")
    h.reserve(answer=OPEN)


@case("W1")
def left_and_heard_of_before_all_was_calm(h: Shift) -> None:
    h.hear()
    left_to(h, "rest")


def hindered(h: Shift, before: Callable[[], object], after: Callable[[], object]) -> None:
    """Something befalls it, and not while it ought to fail."""
    h.duty(limit=LIMIT)
    before()
    h.wait(1)
    start = h.run()
    h.wait(LIMIT + 2_001)
    after()
    h.give(RetryAt("a1", after=0))
    h.wait(1)
    h.finish(start, told=True)


@case("W13")
def it_had_stood_still_before_that(h: Shift) -> None:
    hindered(h, lambda: h.span(h.w.frozen, 5), lambda: None)


@case("W13")
def it_stood_still_after_that(h: Shift) -> None:
    hindered(h, lambda: None, lambda: h.span(h.w.frozen, 5))


@case("W13")
def it_was_blocked_before_that(h: Shift) -> None:
    hindered(h, lambda: h.span(h.w.blocked, 5), lambda: None)


@case("W13")
def it_was_blocked_after_that(h: Shift) -> None:
    hindered(h, lambda: None, lambda: h.span(h.w.blocked, 5))


@case("W13")
def something_failed_before_that(h: Shift) -> None:
    hindered(h, lambda: h.reserve(answer=FAILED, limit=0), lambda: None)


@case("W13")
def something_failed_after_that(h: Shift) -> None:
    hindered(h, lambda: None, lambda: h.reserve(answer=FAILED, limit=0))


def settled_before(h: Shift, *answers: Any) -> None:
    for answer in answers:
        h.give(Done("b1"), answer)


@case()
def its_last_settle_had_failed_before_that(h: Shift) -> None:
    hindered(h, lambda: settled_before(h, [Settled()], FAILED), lambda: None)


@case("W13")
def a_settle_had_failed_before_that_and_another_had_not(h: Shift) -> None:
    hindered(h, lambda: settled_before(h, FAILED, [Settled()]), lambda: None)


@case("W13")
def a_settle_failed_after_that(h: Shift) -> None:
    hindered(h, lambda: None, lambda: settled_before(h, FAILED))


@case()
def it_was_asked_to_stop_before_it_had_to_fail(h: Shift) -> None:
    h.duty(limit=LIMIT)
    start = h.run()
    h.stop()
    h.wait(LIMIT + 2_001)
    h.give(RetryAt("a1", after=0))
    h.wait(1)
    h.finish(start, told=True)
    h.stopped()
