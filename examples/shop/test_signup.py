"""Somebody signs up, and is welcomed."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from pytest_jobkit import Jobs
from shop import mail, store
from shop.jobs import send_welcome


def test_a_signup_enqueues_a_welcome(client: TestClient, jobs: Jobs) -> None:
    user_id = client.post("/signup", json={"email": "ada@example.org"}).json()["user_id"]
    assert send_welcome.call(user_id).on("mail") in jobs.enqueued
    assert jobs.performed == []


def test_the_welcome_is_sent(client: TestClient, jobs: Jobs) -> None:
    client.post("/signup", json={"email": "ada@example.org"})
    jobs.perform()
    assert send_welcome.partial() in jobs.performed
    assert store.mails() == [("ada@example.org", "welcome to the shop")]


def test_a_mail_server_that_is_down_is_tried_again(user_id: int, jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(email: str, subject: str) -> None:
        raise mail.Down(email)

    with monkeypatch.context() as outage:
        outage.setattr(mail, "send", refuse)
        jobs.perform()
    assert send_welcome.call(user_id) in jobs.failed
    assert send_welcome.call(user_id) in jobs.pending
    jobs.advance(seconds=2)
    assert send_welcome.call(user_id) in jobs.performed
    assert store.mails() == [("ada@example.org", "welcome to the shop")]


def test_after_five_attempts_nobody_tries_again(user_id: int, jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(email: str, subject: str) -> None:
        raise mail.Down(email)

    monkeypatch.setattr(mail, "send", refuse)
    outcome = jobs.run(send_welcome.call(user_id), attempt=5)
    assert outcome.state == "dead"
    assert isinstance(outcome.error, mail.Down)


async def test_awaiting_the_enqueue_gives_a_receipt(jobs: Jobs) -> None:
    receipt = await send_welcome.aenqueue(store.add_user("grace@example.org"))
    assert receipt
    await jobs.aperform()
    assert store.mails() == [("grace@example.org", "welcome to the shop")]
