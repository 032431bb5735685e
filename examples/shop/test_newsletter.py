"""Everybody gets the newsletter, each Monday; an attempt that fails goes on where it was."""

from __future__ import annotations

import pytest

from pytest_jobkit import Jobs
from shop import mail, store
from shop.jobs import app, send_newsletter

READERS = ["ada@example.org", "grace@example.org", "joan@example.org"]


@pytest.fixture(autouse=True)
def readers() -> None:
    for email in READERS:
        store.add_user(email)


@pytest.mark.jobkit(needs=["checkpoints", "cells", "clock"])
def test_it_is_sent_each_monday_at_nine(jobs: Jobs) -> None:
    jobs.advance(weeks=2, recurring=app)
    assert len(jobs.performed.of(send_newsletter)) == 2
    assert {entry.due.strftime("%A") for entry in jobs.performed.of(send_newsletter)} == {"Monday"}
    assert [email for email, _ in store.mails()] == 2 * READERS


@pytest.mark.jobkit(needs=["checkpoints", "clock"])
def test_the_next_attempt_goes_on_after_the_last_reader(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver = mail.send

    def down_for_joan(email: str, subject: str) -> None:
        if email.startswith("joan"):
            raise mail.Down(email)
        deliver(email, subject)

    send_newsletter.enqueue()
    with monkeypatch.context() as outage:
        outage.setattr(mail, "send", down_for_joan)
        jobs.perform()
    assert send_newsletter in jobs.failed
    jobs.advance(minutes=1)
    assert [email for email, _ in store.mails()] == READERS


def test_an_attempt_that_begins_in_the_middle(jobs: Jobs) -> None:
    assert jobs.run(send_newsletter.call(), attempt=2, checkpoint=2).state == "succeeded"
    assert [email for email, _ in store.mails()] == READERS[2:]
