"""An order is paid once, however often somebody clicks."""

from __future__ import annotations

from decimal import Decimal

import pytest
from fastapi.testclient import TestClient

from pytest_jobkit import Jobs
from shop import mail, store
from shop.jobs import charge, send_receipt, send_welcome


def test_paying_charges_and_sends_a_receipt(client: TestClient, order_id: int, jobs: Jobs) -> None:
    client.post(f"/orders/{order_id}/pay")
    jobs.perform(only=charge)
    assert store.charges() == {order_id: Decimal("12.50")}
    assert send_receipt.call(order_id, Decimal("12.50")).by(charge) in jobs.pending
    jobs.perform(queue="mail")
    assert ("ada@example.org", f"receipt for order {order_id}: 12.50") in store.mails()


def test_a_second_click_finds_the_job_that_waits(client: TestClient, order_id: int, jobs: Jobs) -> None:
    answers = [client.post(f"/orders/{order_id}/pay").json() for _ in range(3)]
    assert answers == [{"accepted": True}, {"accepted": False}, {"accepted": False}]
    assert jobs.enqueued.count(charge.call(order_id)) == 1


def test_charging_twice_charges_once(order_id: int, jobs: Jobs) -> None:
    for _ in range(2):
        outcome = jobs.run(charge.call(order_id))
        assert outcome.state == "succeeded"
    assert store.charges() == {order_id: Decimal("12.50")}
    assert jobs.enqueued.count(send_receipt.partial(order_id=order_id)) == 1


def test_a_cancelled_order_is_not_charged(client: TestClient, order_id: int, jobs: Jobs) -> None:
    client.post(f"/orders/{order_id}/pay")
    client.delete(f"/orders/{order_id}")
    jobs.perform()
    assert store.charges() == {}
    assert send_receipt.partial() not in jobs.enqueued


def test_several_orders_are_paid_in_one_step(client: TestClient, user_id: int, jobs: Jobs) -> None:
    orders = [store.add_order(user_id, Decimal(total)) for total in (10, 20, 30)]
    assert client.post("/orders/pay", json=orders).json() == {"accepted": 3}
    jobs.perform(exclude=send_welcome)
    assert sum(store.charges().values()) == 60
    assert len(jobs.performed.of(send_receipt)) == 3


# What a backend may do to any job, since it delivers at least once.


@pytest.mark.jobkit(chaos=20)
def test_an_order_is_paid_once_whatever_the_delivery(client: TestClient, order_id: int, jobs: Jobs) -> None:
    client.post(f"/orders/{order_id}/pay")
    jobs.perform()
    assert store.charges() == {order_id: Decimal("12.50")}
    assert [subject for _, subject in store.mails()].count(f"receipt for order {order_id}: 12.50") == 1


@pytest.mark.jobkit(chaos="sweep")
def test_a_worker_that_dies_loses_no_receipt(order_id: int, jobs: Jobs) -> None:
    charge.enqueue(order_id)
    jobs.perform()
    assert [subject for _, subject in store.mails()].count(f"receipt for order {order_id}: 12.50") == 1


def test_a_receipt_that_can_not_be_sent_is_kept_with_its_reason(
    order_id: int, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(email: str, subject: str, *, once: str | None = None) -> None:
        raise mail.Down(email)

    monkeypatch.setattr(mail, "send", refuse)
    charge.enqueue(order_id)
    with pytest.raises(mail.Down):
        jobs.perform(exclude=send_welcome)
    entry = jobs.dead.only(send_receipt.partial(order_id=order_id))
    assert isinstance(entry.error, mail.Down)
    assert store.charges() == {order_id: Decimal("12.50")}
