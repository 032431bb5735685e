"""A play as data: what is kept of it, what is left out, and which leases it tells of."""

from __future__ import annotations

import pytest

from jobkit.backend import (
    Accepted,
    CancelRequested,
    Delivery,
    Done,
    Extended,
    Extension,
    LeaseExpired,
    Message,
    Settled,
    Stale,
)
from jobkit_conformance.history.trace import Trace
from jobkit_conformance.render.timeline_data import MOST, MOST_LEASES, as_story, printable

START = 1_700_000_000_000


def delivery(id: str = "a", *, attempt: int = 1, end: int = 60_000) -> Delivery:
    message = Message(id, "q", b"")
    return Delivery(
        message=message, token=f"token {id} {attempt}", number=attempt, attempt=attempt, lease_end=START + end
    )


def trace() -> Trace:
    return Trace(origin=START)


def take(trace: Trace, *granted: Delivery, client: str = "c1") -> None:
    trace.answered(trace.called(client, "reserve", [["q"]], {"limit": 1, "lease": 60_000}), list(granted))


def settle(trace: Trace, token: str, outcome: object, client: str = "c1") -> None:
    trace.answered(trace.called(client, "settle", [[Done(token)]], {}), [outcome])


def extend(trace: Trace, token: str, outcome: object) -> None:
    trace.answered(trace.called("c1", "extend", [[Extension(token, 90_000)]], {}), [outcome])


def test_steps_in_order_without_those_that_only_a_program_needs() -> None:
    played = trace()
    played.opened("c1")
    played.answered(played.called("c1", "enqueue", [[Message("a", "q", b"")]], {}), [Accepted(START)])
    played.advanced(60_000)
    played.happened("restart()", "the store restarts")
    played.noted("w1", "is killed")
    told = [(step.kind, step.at, step.who, step.asked) for step in as_story(played).steps]
    assert told == [
        ("call", 0, "c1", "a"),
        ("clock", 60_000, "", ""),
        ("store", 60_000, "", "the store restarts"),
        ("note", 60_000, "w1", "is killed"),
    ]


async def test_what_came_of_a_call() -> None:
    played = trace()
    take(played)
    played.failed(played.called("c1", "get", [["a"]], {}), KeyError("a"))
    first, second = as_story(played).steps
    assert (first.came, first.raised) == ("nothing", False)
    assert (second.came, second.raised) == ("raised KeyError", True)


def test_a_lease_lasts_until_it_is_settled() -> None:
    played = trace()
    take(played, delivery())
    settle(played, "token a 1", Stale())
    settle(played, "token a 1", Settled())
    (lease,) = as_story(played).leases
    assert (lease.who, lease.job, lease.attempt) == ("c1", "a", 1)
    assert (lease.began, lease.until, lease.ended, lease.how) == (0, 60_000, 2, "done")


@pytest.mark.parametrize(
    ("outcome", "until"),
    [
        (Extended(START + 90_000), 90_000),
        (CancelRequested(START + 90_000), 90_000),
        (LeaseExpired(), 60_000),
        (Stale(), 60_000),
    ],
)
def test_a_lease_that_is_extended_lasts_longer(outcome: object, until: int) -> None:
    played = trace()
    take(played, delivery())
    extend(played, "token a 1", outcome)
    assert [lease.until for lease in as_story(played).leases] == [until]


def test_where_the_clock_is_not_known_a_lease_lasts_as_long_as_it_was_asked_for() -> None:
    played = Trace()
    played.advanced(5_000)
    call = played.called("c1", "reserve", [["q"]], {"limit": 1, "lease": 60_000})
    call.answer, call.ended = [delivery()], 2
    assert [lease.until for lease in as_story(played).leases] == [65_000]


def test_answers_that_no_backend_may_give_are_told_all_the_same() -> None:
    played = trace()
    take(played, delivery())
    played.answered(played.called("c1", "settle", [[Done("x")]], {}), [Settled(), Settled(), "what?"])
    played.answered(played.called("c1", "reserve", [["q"]], {"limit": 1, "lease": 1}), ["no delivery"])
    assert len(as_story(played).leases) == 1


def test_a_call_that_is_answered_later_says_before_which_step() -> None:
    played = trace()
    played.opened("c1")
    waiting = played.called("c1", "reserve", [["q"]], {"limit": 1, "lease": 60_000})
    played.advanced(1_000)
    played.advanced(1_000)
    played.answered(waiting, [])
    played.advanced(1_000)
    assert [step.ended for step in as_story(played).steps] == [3, None, None, None]


def test_the_middle_of_a_long_play_is_left_out_and_places_still_fit() -> None:
    played = trace()
    take(played, delivery("first"))
    for _ in range(100):
        played.advanced(1)
    take(played, delivery("last"))
    settle(played, "token first 1", Settled())
    story = as_story(played)
    assert len(story.steps) == MOST + 1
    (cut,) = (place for place, step in enumerate(story.steps) if step.kind == "cut")
    assert (cut, story.steps[cut].left_out) == (MOST // 2, 103 - MOST)
    first, last = story.leases
    assert (story.steps[first.began].verb, story.steps[first.ended or 0].verb) == ("reserve", "settle")
    assert last.began == len(story.steps) - 2


def test_what_began_where_it_was_cut_begins_there() -> None:
    played = trace()
    for _ in range(40):
        played.advanced(1)
    take(played, delivery())
    for _ in range(40):
        played.advanced(1)
    story = as_story(played)
    (lease,) = story.leases
    assert story.steps[lease.began].kind == "cut"


def test_so_many_leases_and_no_more() -> None:
    played = trace()
    take(played, *(delivery(f"job {number}") for number in range(500)))
    assert len(as_story(played).leases) == MOST_LEASES


def test_odd_names_are_spelled_out() -> None:
    played = trace()
    take(played, delivery("\ud800\n"))
    (lease,) = as_story(played).leases
    lease.job.encode()
    assert printable("a\ud800b") == "a\\ud800b"
