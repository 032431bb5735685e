"""What an enqueue answers."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

import jobkit
from jobkit.backend import Accepted, Conflict, Duplicate, EnqueueOutcome, KeyTaken
from jobkit.clock import MAX_MS, ManualClock
from jobkit.enqueue.context import EnqueueContext
from jobkit.enqueue.receipt import Receipt, Status


@pytest.fixture
def outgoing(app: jobkit.App) -> EnqueueContext:
    @app.job(name="shop.send", queue="mail")
    def send(user_id: int) -> None: ...

    [(_, _, [found])] = app.sender.group_by_backend([send.using(id="abc").call(7)], atomic=True)
    return found


def receipt(status: Status, due: datetime | None = None, held_by: str | None = None) -> Receipt:
    return Receipt(id="abc", job="shop.send", queue="mail", status=status, due=due, held_by=held_by)


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Accepted(due=1_500), receipt(Status.ACCEPTED, due=datetime(1970, 1, 1, 0, 0, 1, 500_000, tzinfo=UTC))),
        (Duplicate(), receipt(Status.DUPLICATE)),
        (Conflict(), receipt(Status.CONFLICT)),
        (KeyTaken(by="other"), receipt(Status.KEY_TAKEN, held_by="other")),
    ],
)
def test_each_outcome_has_its_receipt(outgoing: EnqueueContext, outcome: EnqueueOutcome, expected: Receipt) -> None:
    assert outgoing.receipt(outcome) == expected


def test_it_is_true_when_the_job_was_accepted() -> None:
    assert {status for status in Status if receipt(status)} == {Status.ACCEPTED}


def test_a_refusal_has_its_reason(outgoing: EnqueueContext) -> None:
    refused = outgoing.refused("not today")
    assert (refused.status, refused.reason, bool(refused)) == (Status.REFUSED, "not today", False)


def test_a_due_time_beyond_every_calendar_is_the_last_there_is(outgoing: EnqueueContext) -> None:
    due = outgoing.receipt(Accepted(due=MAX_MS)).due
    assert due == datetime.max.replace(tzinfo=UTC)


def test_a_status_reads_as_what_it_is() -> None:
    assert f"{Status.ACCEPTED} {Status.KEY_TAKEN}" == "accepted key_taken"


def test_its_due_time_is_resolved_by_the_backends_clock(app: jobkit.App, clock: ManualClock) -> None:
    @app.job(name="shop.send")
    def send(user_id: int) -> None: ...

    due = send.using(delay=60).enqueue(7).due
    assert due is not None
    assert due.timestamp() * 1000 == clock.now_ms() + 60_000
