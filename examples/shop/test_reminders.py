"""Whoever does not pay is asked after a day, once."""

from __future__ import annotations

from datetime import timedelta

from fastapi.testclient import TestClient

from pytest_jobkit import Jobs
from shop import store
from shop.jobs import remind


def test_the_reminder_comes_after_a_day(order_id: int, jobs: Jobs) -> None:
    jobs.advance(hours=23)
    assert remind.partial(order_id=order_id) in jobs.pending
    jobs.advance(hours=1)
    assert remind.partial(order_id=order_id) in jobs.performed
    assert any(subject.startswith(f"order {order_id} is open") for _, subject in store.mails())


def test_the_reminder_is_delayed_by_a_day(order_id: int, jobs: Jobs) -> None:
    assert (
        remind.partial(order_id=order_id).on("mail").after(timedelta(days=1)).key(f"remind:{order_id}") in jobs.enqueued
    )
    jobs.perform()
    assert remind.partial() not in jobs.performed


def test_who_has_paid_is_not_reminded(client: TestClient, order_id: int, jobs: Jobs) -> None:
    client.post(f"/orders/{order_id}/pay")
    jobs.advance(days=1)
    assert remind.partial(order_id=order_id) in jobs.performed
    assert not any("is open" in subject for _, subject in store.mails())


def test_a_cancelled_order_has_no_reminder_left(client: TestClient, order_id: int, jobs: Jobs) -> None:
    client.delete(f"/orders/{order_id}")
    assert remind.partial(order_id=order_id) not in jobs.pending
    jobs.advance(days=1)
    assert remind.partial() not in jobs.performed
