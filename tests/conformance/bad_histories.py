"""Histories that no right backend leaves: for each way to be wrong at least one, and the rule that it breaks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from jobkit.backend import (
    Accepted,
    Cancelled,
    CancelPending,
    Dead,
    Deleted,
    Done,
    Extended,
    KeyTaken,
    LeaseExpired,
    NotFound,
    Release,
    RetryAt,
    Stale,
)
from tests.conformance.histories import LEASE, LOST, OPEN, Case, Write, Written, granted

BAD: Final[list[Case]] = []


def bad(rule: str, *, slack: int | None = None, twin: bool = True) -> Callable[[Write], Write]:
    def keep(write: Write) -> Write:
        BAD.append(Case(write, rule, slack, twin))
        return write

    return keep


# What is wrong with one answer.


@bad("R2")
def more_than_the_limit(h: Written) -> None:
    h.put()
    h.put("b")
    h.take(granted(), granted("b"))


@bad("R2")
def twice_in_one_answer(h: Written) -> None:
    h.put()
    h.take(granted(), granted(number=2), limit=2)


@bad("O1")
def lower_before_higher(h: Written) -> None:
    h.put()
    h.put("b", priority=1)
    h.take(granted(), granted("b", priority=1), limit=2)


@bad("L4")
def a_token_that_was_there_before(h: Written) -> None:
    h.put()
    h.put("b")
    h.take(granted(token="t"))
    h.take(granted("b", token="t"))


@bad("E8")
def granted_before_anybody_enqueued_it(h: Written) -> None:
    h.take(granted())
    h.put()


@bad("E8")
def granted_and_never_enqueued(h: Written) -> None:
    h.take(granted())


@bad("L10")
def a_lease_that_ends_early(h: Written) -> None:
    h.put()
    h.take(granted(end=LEASE - 1))


@bad("L10")
def a_lease_that_ends_late(h: Written) -> None:
    h.put()
    h.take(granted(end=LEASE + 1))


# What is wrong with settles and extensions.


@bad("S8")
def settled_twice(h: Written) -> None:
    h.held()
    h.settle(Release("a1"))
    h.settle(Release("a1"))


@bad("L5")
def settled_after_another_was_granted_it(h: Written) -> None:
    h.held()
    h.wait(LEASE)
    h.again()
    h.settle(Done("a1"))


@bad("L6")
def stale_for_no_reason(h: Written) -> None:
    h.held()
    h.settle(Done("a1"), Stale())


@bad("L6")
def stale_before_anything_made_it_so(h: Written) -> None:
    h.held()
    h.wait(LEASE)
    h.settle(Done("a1"), Stale())
    h.again()


@bad("L6")
def stale_beside_others_that_are_stale(h: Written) -> None:
    h.held()
    h.settle(Done("a1"), Stale())
    h.settle(Done("a1"), Stale())


@bad("L6")
def stale_after_a_cancel_that_found_nothing(h: Written) -> None:
    h.touch("cancel", NotFound())
    h.held()
    h.settle(Done("a1"), Stale())


@bad("E4")
def its_own_repeat_is_stale(h: Written) -> None:
    h.held()
    h.history.lost = 1
    h.settle(Done("a1"), Stale())


@bad("L8")
def extended_by_more_than_asked(h: Written) -> None:
    h.held()
    h.extend("a1", Extended(LEASE + 1))


@bad("L8")
def extended_by_less_than_asked(h: Written) -> None:
    h.held()
    h.wait(1)
    h.extend("a1", Extended(LEASE))


@bad("L7")
def extended_at_its_end(h: Written) -> None:
    h.held()
    h.wait(LEASE)
    h.extend("a1")


@bad("L7")
def extended_at_an_end_that_an_extension_brought_forward(h: Written) -> None:
    h.held()
    h.extend("a1", lease=3)
    h.wait(3)
    h.extend("a1")


@bad("L5")
def extended_after_another_was_granted_it(h: Written) -> None:
    h.held()
    h.settle(Release("a1"))
    h.again(attempt=1)
    h.extend("a1")


@bad("L8")
def over_before_its_end(h: Written) -> None:
    h.held()
    h.wait(LEASE - 1)
    h.extend("a1", LeaseExpired())


@bad("L8")
def over_before_the_end_of_its_extension(h: Written) -> None:
    h.held()
    h.wait(5)
    h.extend("a1")
    h.wait(LEASE - 1)
    h.extend("a1", LeaseExpired())


# What is wrong between deliveries.


@bad("T1")
def granted_before_it_is_due(h: Written) -> None:
    h.put(after=5)
    h.wait(4)
    h.take(granted(end=14))


@bad("T1")
def granted_before_it_can_be_due(h: Written) -> None:
    """Nobody was told when that is."""
    h.put(answer=LOST, after=5)
    h.wait(4)
    h.take(granted(end=14))


@bad("L2")
def the_first_attempt_is_the_second(h: Written) -> None:
    h.put()
    h.take(granted(attempt=2))


@bad("L2")
def a_lease_that_ran_out_costs_nothing(h: Written) -> None:
    h.held()
    h.wait(LEASE)
    h.again(attempt=1)


@bad("L2")
def a_lease_that_ran_out_costs_two(h: Written) -> None:
    h.held()
    h.wait(LEASE)
    h.again(attempt=3)


@bad("L2")
def a_release_costs_an_attempt(h: Written) -> None:
    h.held()
    h.settle(Release("a1"))
    h.again(attempt=2)


@bad("L2")
def a_retry_costs_nothing(h: Written) -> None:
    h.held()
    h.settle(RetryAt("a1", after=0))
    h.again(attempt=1)


@bad("R3", slack=0)
def what_a_caller_gave_up_cost_an_attempt(h: Written) -> None:
    h.put()
    h.take(answer=LOST)
    h.again(attempt=2)


@bad("L2")
def more_attempts_than_deliveries(h: Written) -> None:
    h.put()
    h.take(answer=LOST)
    h.wait(LEASE)
    h.again(attempt=3)


@bad("L3")
def a_number_that_was_there_before(h: Written) -> None:
    h.held()
    h.wait(LEASE)
    h.take(granted(end=20, attempt=2, token="other"))


@bad("L3")
def a_number_that_is_smaller(h: Written) -> None:
    h.put()
    h.take(granted(number=2))
    h.wait(LEASE)
    h.take(granted(end=20, number=1))


@bad("R1")
def granted_again_before_the_end_of_its_lease(h: Written) -> None:
    h.held()
    h.wait(LEASE - 1)
    h.again()


@bad("R1")
def granted_again_before_the_end_of_its_extension(h: Written) -> None:
    h.held()
    h.wait(5)
    h.extend("a1")
    h.wait(LEASE - 1)
    h.again()


@bad("R1")
def granted_again_although_an_extension_was_refused(h: Written) -> None:
    """One that came too late for the lease before."""
    h.held()
    h.wait(LEASE)
    h.again()
    h.extend("a1", Stale(), lease=1)
    h.wait(LEASE - 1)
    h.take(granted(end=29, number=3, attempt=3))


@bad("L6")
def granted_after_it_was_done(h: Written) -> None:
    h.held()
    h.settle(Done("a1"))
    h.again()


@bad("L6")
def granted_after_it_was_dead(h: Written) -> None:
    h.held()
    h.settle(Dead("a1", "why"))
    h.again()


@bad("S3")
def tried_again_before_its_time(h: Written) -> None:
    h.held()
    h.wait(2)
    h.settle(RetryAt("a1", after=5))
    h.wait(4)
    h.again()


@bad("I3")
def granted_after_it_was_deleted(h: Written) -> None:
    h.put()
    h.touch("delete", Deleted())
    h.take(granted())


@bad("X1")
def granted_after_it_was_cancelled(h: Written) -> None:
    h.put()
    h.touch("cancel", Cancelled())
    h.take(granted())


@bad("X2")
def granted_after_it_was_marked(h: Written) -> None:
    h.held()
    h.touch("cancel", CancelPending())
    h.wait(LEASE)
    h.again()


# What is lost.


@bad("E8")
def never_granted(h: Written) -> None:
    h.put()
    h.over()


@bad("L1")
def never_granted_again(h: Written) -> None:
    h.held()
    h.over()


@bad("L1")
def never_granted_again_after_a_settle_that_was_stale(h: Written) -> None:
    h.held()
    h.wait(LEASE)
    h.again()
    h.settle(Done("a1"), Stale())
    h.over()


@bad("S2")
def a_retry_that_is_lost(h: Written) -> None:
    h.held()
    h.settle(RetryAt("a1", after=3))
    h.over()


@bad("S4")
def a_release_that_is_lost(h: Written) -> None:
    h.held()
    h.settle(Release("a1"))
    h.over()


@bad("R3")
def taken_by_a_reserve_that_was_given_up(h: Written) -> None:
    h.put()
    h.take(answer=LOST)
    h.over()


@bad("R4")
def taken_by_a_client_that_died(h: Written) -> None:
    h.put()
    h.take(answer=OPEN)
    h.history.lost = 1
    h.over()


@bad("R4")
def lost_with_a_command(h: Written) -> None:
    h.held()
    h.history.lost = 1
    h.over()


@bad("X3")
def cancelled_before_it_was_there(h: Written) -> None:
    h.touch("cancel", NotFound())
    h.put()
    h.over()


@bad("E4")
def cancelled_by_a_repeat(h: Written) -> None:
    h.touch("cancel", NotFound())
    h.history.lost = 1
    h.put()
    h.over()


@bad("E8")
def lost_although_a_requeue_found_nothing(h: Written) -> None:
    h.touch("requeue", NotFound())
    h.put()
    h.over()


# What is missing in an answer.


@bad("E8", slack=0)
def ready_and_not_granted(h: Written) -> None:
    h.put()
    h.take()


@bad("E8", slack=0)
def ready_and_not_granted_with_another(h: Written) -> None:
    h.put()
    h.put("b")
    h.take(granted("b"), limit=2)


@bad("T2", slack=0)
def due_and_not_granted(h: Written) -> None:
    h.put(after=5)
    h.wait(5)
    h.take()


@bad("L1", slack=0)
def its_lease_ran_out_and_nobody_is_granted_it(h: Written) -> None:
    h.held()
    h.wait(LEASE)
    h.take()


@bad("S4", slack=0)
def released_and_not_granted(h: Written) -> None:
    h.held()
    h.settle(Release("a1"))
    h.take()


@bad("S2", slack=0)
def its_retry_is_due_and_not_granted(h: Written) -> None:
    h.held()
    h.settle(RetryAt("a1", after=5))
    h.wait(5)
    h.take()


@bad("R5", slack=2, twin=False)
def woken_later_than_the_slack(h: Written) -> None:
    waiting = h.take(wait=50, answer=OPEN)
    h.wait(5)
    h.put()
    h.wait(3)
    h.answer(waiting, [granted(end=18)])


@bad("R5", slack=0, twin=False)
def waited_on_beside_what_was_ready(h: Written) -> None:
    h.put()
    h.wait(5)
    waiting = h.take(wait=50, answer=OPEN)
    h.wait(1)
    h.answer(waiting, [granted(end=16)])


# Keys.


@bad("K1")
def a_key_twice(h: Written) -> None:
    h.put(key="k")
    h.put("b", key="k")


@bad("K1")
def a_key_twice_whoever_began_first(h: Written) -> None:
    first = h.put(key="k", answer=OPEN)
    h.put("b", key="k")
    h.answer(first, Accepted(0))


@bad("K1")
def held_by_nobody(h: Written) -> None:
    h.put("b", KeyTaken("a"), key="k")


@bad("K1")
def held_by_one_that_came_later(h: Written) -> None:
    h.put("b", KeyTaken("a"), key="k")
    h.put(key="k")


@bad("K2")
def held_by_what_was_done(h: Written) -> None:
    h.put(key="k")
    h.take(granted(key="k"))
    h.settle(Done("a1"))
    h.put("b", KeyTaken("a"), key="k")


@bad("K2")
def held_by_what_was_dead(h: Written) -> None:
    h.put(key="k")
    h.take(granted(key="k"))
    h.settle(Dead("a1", "why"))
    h.put("b", KeyTaken("a"), key="k")


@bad("K1")
def a_key_twice_after_a_release(h: Written) -> None:
    h.put(key="k")
    h.take(granted(key="k"))
    h.settle(Release("a1"))
    h.put("b", key="k")


# What looks like an excuse, and is none.


@bad("L6", slack=0)
def stale_for_no_reason_where_calls_are_prompt(h: Written) -> None:
    h.held()
    h.history.lost = 1
    h.settle(Done("a1"), Stale())


@bad("L6")
def stale_before_the_settle_that_counted(h: Written) -> None:
    h.held()
    h.settle(Done("a1"), Stale())
    h.settle(Done("a1"))


@bad("L6")
def two_at_once_and_both_are_stale(h: Written) -> None:
    h.held()
    first = h.settle(Done("a1"), OPEN)
    h.settle(Done("a1"), Stale())
    h.answer(first, Stale())


@bad("R1")
def granted_again_after_an_extension_that_was_stale(h: Written) -> None:
    h.held()
    h.extend("a1", Stale(), lease=1)
    h.wait(LEASE - 1)
    h.again()


@bad("R1")
def granted_again_before_an_extension_without_an_answer(h: Written) -> None:
    h.held()
    h.wait(LEASE - 1)
    h.again()
    h.extend("a1", LOST)


@bad("R1")
def granted_again_before_a_release_without_an_answer(h: Written) -> None:
    h.held()
    h.wait(LEASE - 1)
    h.again()
    h.settle(Release("a1"), LOST)


@bad("R1")
def granted_again_beside_a_release_that_is_stale(h: Written) -> None:
    h.held()
    h.wait(LEASE - 1)
    release = h.settle(Release("a1"), OPEN)
    h.again()
    h.answer(release, Stale())


@bad("S3")
def tried_again_before_its_time_beside_a_release_that_came_too_late(h: Written) -> None:
    h.held()
    h.settle(Release("a1"), LOST)
    h.settle(RetryAt("a1", after=5))
    h.wait(2)
    h.again()


@bad("L2", slack=0)
def a_lease_that_ran_out_costs_nothing_beside_a_reserve_that_was_given_up(h: Written) -> None:
    h.held()
    h.wait(LEASE)
    h.take(answer=LOST)
    h.again(attempt=1)


@bad("L2", slack=0)
def a_lease_that_ran_out_costs_two_and_no_reserve_was_given_up(h: Written) -> None:
    h.held()
    h.wait(LEASE)
    h.again(attempt=3)


@bad("E8", twin=False)
def never_granted_and_cancelled_in_the_end(h: Written) -> None:
    h.put()
    h.over()
    h.touch("cancel", Cancelled())


@bad("E8", slack=0)
def ready_and_not_granted_before_a_reserve_without_an_answer(h: Written) -> None:
    h.put()
    h.take()
    h.take(answer=LOST)


@bad("E8", slack=0)
def ready_and_granted_only_with_the_next(h: Written) -> None:
    h.put()
    h.take()
    h.take(granted())


@bad("L1", slack=0)
def its_lease_ran_out_and_it_is_settled_only_after_that(h: Written) -> None:
    h.held()
    h.wait(LEASE)
    h.take()
    h.settle(Done("a1"))


@bad("S2", slack=0)
def its_retry_is_due_at_once_and_not_granted(h: Written) -> None:
    h.held()
    h.settle(RetryAt("a1", after=0))
    h.take()


@bad("K1")
def a_key_twice_after_a_done_that_was_stale(h: Written) -> None:
    h.put(key="k")
    h.take(granted(key="k"))
    h.wait(LEASE)
    h.take(granted(end=2 * LEASE, number=2, attempt=2, key="k"))
    h.settle(Done("a1"), Stale())
    h.put("b", key="k")


@bad("X2")
def granted_after_it_was_marked_and_before_its_lease_ended(h: Written) -> None:
    h.held()
    h.touch("cancel", CancelPending())
    h.wait(LEASE - 1)
    h.again()


@bad("S4", slack=0)
def released_beside_a_stale_settle_and_not_granted(h: Written) -> None:
    h.held()
    late = h.settle(Done("a1"), OPEN)
    h.settle(Release("a1"))
    h.answer(late, Stale())
    h.take()


@bad("L6")
def granted_after_it_was_done_whatever_was_looked_for_before(h: Written) -> None:
    h.touch("cancel", NotFound())
    h.held()
    h.settle(Done("a1"))
    h.again()


@bad("S3")
def tried_again_before_its_time_whatever_was_looked_for_before(h: Written) -> None:
    h.touch("cancel", NotFound())
    h.held()
    h.settle(RetryAt("a1", after=5))
    h.wait(4)
    h.again()
