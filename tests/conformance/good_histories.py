"""Histories that a right backend may leave, up to the edge of what is allowed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from jobkit.backend import (
    Accepted,
    Cancelled,
    CancelPending,
    CancelRequested,
    Dead,
    Deleted,
    Delivery,
    Done,
    Duplicate,
    Extended,
    KeyTaken,
    LeaseExpired,
    Message,
    NotFound,
    Release,
    Requeued,
    RetryAt,
    Settled,
    Stale,
)
from tests.conformance.histories import LEASE, LONG, LOST, OPEN, Case, Write, Written, granted

GOOD: Final[list[Case]] = []


def good(*, slack: int | None = 0, twin: bool = True) -> Callable[[Write], Write]:
    def keep(write: Write) -> Write:
        GOOD.append(Case(write, slack=slack, twin=twin))
        return write

    return keep


@good()
def nothing_at_all(h: Written) -> None:
    assert h.history.calls == []


@good()
def a_life_from_its_enqueue_to_its_end(h: Written) -> None:
    h.held()
    h.settle(Done("a1"))
    h.calm()
    h.take(limit=5)


@good()
def granted_at_the_instant_at_which_it_is_due(h: Written) -> None:
    h.put(after=5)
    h.take()
    h.wait(4)
    h.take()
    h.wait(1)
    h.take(granted(end=15))


@good()
def granted_again_at_the_end_of_its_lease(h: Written) -> None:
    h.held()
    h.wait(LEASE - 1)
    h.take()
    h.wait(1)
    h.again()
    h.settle(Done("a1"), Stale())
    h.extend("a1", Stale())


@good()
def settled_late_while_nobody_else_has_it(h: Written) -> None:
    h.held()
    h.wait(3 * LEASE)
    h.settle(Done("a1"))


@good()
def extended_until_the_last_moment(h: Written) -> None:
    h.held()
    h.wait(LEASE - 1)
    h.extend("a1")
    h.wait(LEASE)
    h.extend("a1", LeaseExpired())
    h.again()


@good()
def extended_to_an_earlier_end(h: Written) -> None:
    h.held()
    h.extend("a1", lease=3)
    h.wait(3)
    h.extend("a1", LeaseExpired())
    h.again()


@good()
def released_and_tried_again(h: Written) -> None:
    h.held()
    h.settle(Release("a1"))
    h.again(attempt=1)
    h.settle(RetryAt("a2", after=4))
    h.take()
    h.wait(4)
    h.take(granted(end=14, number=3, attempt=2))


@good()
def dead_and_revived(h: Written) -> None:
    h.held()
    h.settle(Dead("a1", "why"))
    h.take()
    h.touch("requeue", Requeued())
    h.again(attempt=1)


@good()
def cancelled_while_it_is_held(h: Written) -> None:
    h.held()
    h.touch("cancel", CancelPending())
    h.extend("a1", CancelRequested(LEASE))
    h.wait(LEASE)
    h.settle(Done("a1"), Stale())
    h.take()


@good()
def cancelled_deleted_and_unknown(h: Written) -> None:
    for id, verb, answer in (("a", "cancel", Cancelled()), ("b", "delete", Deleted())):
        h.put(id)
        h.touch(verb, answer, id)
        h.touch(verb, NotFound(), id)
    h.touch("requeue", NotFound())
    h.take(limit=5)


@good()
def a_key_that_is_free_again(h: Written) -> None:
    h.put(key="k")
    h.put("b", KeyTaken("a"), key="k")
    h.take(granted(key="k"))
    h.settle(Done("a1"))
    h.put("b", key="k")


@good()
def keys_of_their_own(h: Written) -> None:
    h.put(key="k")
    h.put("b", key="l")
    h.put("c")
    h.put("d")


@good()
def higher_first_then_in_any_order(h: Written) -> None:
    h.put("low", priority=-1)
    h.put("a")
    h.put("b")
    h.put("high", priority=1)
    h.take(granted("high", priority=1), granted("b"), granted("a"), limit=3)


@good()
def two_settles_at_once_of_which_one_wins(h: Written) -> None:
    h.held()
    late = h.settle(Done("a1"), OPEN)
    h.settle(Release("a1"), Stale())
    h.answer(late, Settled())


@good()
def a_stale_settle_beside_a_reserve_that_takes_it(h: Written) -> None:
    h.held()
    h.wait(LEASE)
    taking = h.take(answer=OPEN)
    h.settle(Done("a1"), Stale())
    h.answer(taking, [granted(end=20, number=2, attempt=2)])


@good()
def taken_by_a_reserve_that_began_before_it_was_free(h: Written) -> None:
    h.held()
    taking = h.take(answer=OPEN)
    h.settle(Release("a1"))
    h.answer(taking, [granted(number=2, attempt=1)])


@good(slack=None)
def a_settle_without_an_answer_may_have_won(h: Written) -> None:
    h.held()
    h.settle(Done("a1"), LOST)
    h.settle(Done("a1"), Stale())
    h.calm()
    h.take()


@good(slack=None)
def a_settle_without_an_answer_may_have_lost(h: Written) -> None:
    h.held()
    h.settle(Done("a1"), LOST)
    h.wait(LEASE)
    h.again()


@good(slack=None)
def a_release_that_may_have_come_after_the_lease(h: Written) -> None:
    h.held()
    h.settle(Release("a1"), OPEN)
    h.wait(LEASE)
    h.again(attempt=2)


@good(slack=None)
def a_delivery_that_nobody_heard_of_counts(h: Written) -> None:
    h.put()
    h.take(answer=LOST)
    h.history.lost = 1
    h.wait(LEASE)
    h.again()
    h.settle(Release("a2"))
    h.take(granted(end=20, number=3, attempt=2))


@good()
def what_a_caller_gave_up_was_given_back(h: Written) -> None:
    h.put()
    h.take(answer=LOST)
    h.again(attempt=1)


@good(slack=None)
def what_a_lost_reserve_took_made_the_token_stale(h: Written) -> None:
    h.held()
    h.wait(LEASE)
    h.take(answer=LOST)
    h.settle(Done("a1"), Stale())


@good(slack=None)
def an_enqueue_without_an_answer_may_have_stored(h: Written) -> None:
    h.put(answer=LOST)
    h.take(granted())
    h.put(answer=Duplicate())


@good(slack=None)
def an_extension_without_an_answer_may_have_moved_the_end(h: Written) -> None:
    h.held()
    h.extend("a1", LOST, lease=3)
    h.wait(3)
    h.again()


@good(slack=None)
def of_two_settles_without_an_answer_either_may_have_counted(h: Written) -> None:
    h.held()
    h.settle(RetryAt("a1", after=0), LOST)
    h.settle(Release("a1"), LOST)
    h.wait(LEASE)
    h.again(attempt=1)


@good(slack=None)
def a_cancel_without_an_answer_may_have_ended_it(h: Written) -> None:
    h.put()
    h.touch("cancel", LOST)
    h.calm()
    h.take()


@good(slack=2, twin=False)
def woken_within_the_slack(h: Written) -> None:
    waiting = h.take(wait=50, answer=OPEN)
    h.wait(5)
    h.put()
    h.wait(2)
    h.answer(waiting, [granted(end=17)])


@good(twin=False)
def waited_for_nothing(h: Written) -> None:
    waiting = h.take(wait=50, answer=OPEN)
    h.wait(50)
    h.answer(waiting, [])


@good(slack=None)
def an_id_of_two_jobs_whose_deliveries_are_counted_anew(h: Written) -> None:
    h.held()
    h.wait(LEASE)
    h.again()
    h.settle(Done("a2"))
    h.put()
    h.take(granted(end=20, token="anew"))
    h.extend("anew")
    h.settle(Done("anew"))


# What two things that are alike excuse, and only they.


@good(twin=False)
def higher_in_another_queue(h: Written) -> None:
    h.put()
    other = Message("b", "p", b"x", priority=1)
    h.call("enqueue", [other], [Accepted(0)])
    h.call("reserve", ["q", "p"], [granted(), Delivery(other, 1, 1, "b1", LEASE)], limit=2, lease=LEASE, wait=0)


@good(twin=False)
def a_delivery_that_got_lost_counts_where_calls_are_prompt(h: Written) -> None:
    h.put()
    h.take(answer=LOST)
    h.history.lost = 1
    h.wait(LEASE)
    h.again()


@good(slack=None)
def extended_beyond_its_end_by_an_extension_without_an_answer(h: Written) -> None:
    h.held()
    h.extend("a1", LOST, lease=20)
    h.wait(15)
    h.extend("a1")


@good(slack=None)
def an_extension_without_an_answer_may_have_done_nothing(h: Written) -> None:
    h.held()
    h.extend("a1", LOST, lease=20)
    h.wait(LEASE)
    h.again()


@good(slack=None)
def a_delivery_between_two_that_nobody_heard_of_counts(h: Written) -> None:
    h.held()
    h.wait(LEASE)
    h.take(answer=LOST)
    h.wait(LEASE)
    h.again(number=3, attempt=3)


@good(slack=None)
def dead_without_an_answer_may_be_alive(h: Written) -> None:
    h.held()
    h.settle(Dead("a1", "why"), LOST)
    h.wait(LEASE)
    h.again()


@good(slack=None)
def a_retry_without_an_answer_may_not_have_been_heard_of(h: Written) -> None:
    h.held()
    h.settle(RetryAt("a1", after=50), LOST)
    h.wait(LEASE)
    h.again()


@good(twin=False)
def tried_again_at_an_instant(h: Written) -> None:
    h.held()
    h.settle(RetryAt("a1", at=0))
    h.again()


@good()
def a_cancel_before_it_was_there_has_no_effect(h: Written) -> None:
    h.touch("cancel", NotFound())
    h.held()


@good(slack=None)
def a_delete_without_an_answer_may_not_have_been_heard_of(h: Written) -> None:
    h.put()
    h.touch("delete", LOST)
    h.take(granted())


@good(slack=None)
def an_enqueue_without_an_answer_may_have_stored_nothing(h: Written) -> None:
    h.put(answer=LOST)
    h.over()


@good()
def an_enqueue_without_an_answer_is_not_missed(h: Written) -> None:
    h.put(answer=LOST)
    h.take()


@good(slack=None)
def granted_only_when_all_was_calm(h: Written) -> None:
    h.put()
    h.calm()
    h.take(granted(end=LONG + LEASE))


@good(twin=False)
def waited_for_nothing_after_a_job_was_done(h: Written) -> None:
    h.held()
    h.settle(Done("a1"))
    waiting = h.take(wait=50, answer=OPEN)
    h.wait(50)
    h.answer(waiting, [])


@good()
def granted_with_room_for_more(h: Written) -> None:
    h.put()
    h.take(granted(), limit=2)


@good()
def not_granted_while_it_is_extended(h: Written) -> None:
    h.held()
    h.extend("a1", lease=30)
    h.wait(LEASE)
    h.take()


@good()
def not_granted_after_a_retry_that_nobody_may_have_heard_of(h: Written) -> None:
    h.held()
    h.settle(RetryAt("a1", after=0), LOST)
    h.take()


@good()
def not_granted_beside_its_release(h: Written) -> None:
    h.held()
    release = h.settle(Release("a1"), OPEN)
    h.take()
    h.answer(release, Settled())


@good(slack=None)
def a_key_twice_while_another_of_it_came_and_went(h: Written) -> None:
    first = h.put(key="k", answer=OPEN)
    h.put("b", key="k")
    h.take(granted("b", key="k"))
    h.settle(Done("b1"))
    h.answer(first, Accepted(0))


@good()
def held_by_what_was_released(h: Written) -> None:
    h.put(key="k")
    h.take(granted(key="k"))
    h.settle(Release("a1"))
    h.put("b", KeyTaken("a"), key="k")


@good(slack=None)
def held_by_what_may_not_be_done(h: Written) -> None:
    h.put(key="k")
    h.take(granted(key="k"))
    h.settle(Done("a1"), LOST)
    h.put("b", KeyTaken("a"), key="k")


@good(slack=None)
def held_by_the_second_job_of_an_id(h: Written) -> None:
    h.put(key="k")
    h.take(granted(key="k"))
    h.settle(Done("a1"))
    h.put(key="k")
    h.put("b", KeyTaken("a"), key="k")


@good()
def held_by_what_was_revived(h: Written) -> None:
    h.put(key="k")
    h.take(granted(key="k"))
    h.settle(Dead("a1", "why"))
    h.touch("requeue", Requeued())
    h.put("b", KeyTaken("a"), key="k")


@good()
def a_key_that_a_cancel_has_freed(h: Written) -> None:
    h.put(key="k")
    h.touch("cancel", Cancelled())
    h.put("b", key="k")


@good()
def two_extensions_whose_answers_come_in_the_other_order(h: Written) -> None:
    h.held()
    h.wait(5)
    longer = h.extend("a1", OPEN)
    h.wait(4)
    h.extend("a1", lease=2)
    h.wait(2)
    h.again()
    h.answer(longer, Extended(15))
