"""What a history says of one job, sorted: how many jobs an id may have been, and what somebody may have done to it."""

from __future__ import annotations

import pytest

from jobkit.backend import Cancelled, Duplicate, NotFound
from jobkit_conformance.history.job_history import JobHistory, by_job
from tests.conformance.histories import LOST, Written


@pytest.fixture
def h() -> Written:
    return Written()


def life(h: Written) -> JobHistory:
    return by_job(h.history)["a"]


def test_one_that_was_accepted_once_is_one_job(h: Written) -> None:
    h.put()
    h.put(answer=Duplicate())
    assert not life(h).id_was_reused


def test_one_that_was_accepted_twice_may_be_several(h: Written) -> None:
    h.put()
    h.put()
    assert life(h).id_was_reused


def test_one_whose_enqueue_had_no_answer_may_be_several(h: Written) -> None:
    h.put(answer=LOST)
    h.put()
    assert life(h).id_was_reused


def test_what_was_begun_before_a_place_may_have_acted(h: Written) -> None:
    h.put()
    touched = h.touch("cancel", Cancelled())
    assert not life(h).touched_before(touched.begun)
    assert life(h).touched_before(touched.begun + 1)


def test_what_was_begun_later_has_not_acted_yet(h: Written) -> None:
    h.put()
    place = h.put(answer=Duplicate()).begun
    h.touch("delete", LOST)
    assert not life(h).touched_before(place)


def test_what_found_nothing_did_nothing(h: Written) -> None:
    h.put()
    h.touch("cancel", NotFound())
    assert not life(h).touched_before(h.history.length + 1)
