"""What the shop does later. The backend comes from ``JOBKIT_BACKEND``, or from the test run."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from decimal import Decimal

import jobkit
from shop import mail, store
from shop.journal import journal

app = jobkit.App(perform=[journal])
app.queue("mail")

PATIENCE = timedelta(days=1)
"""How long an order stays open before we ask about it."""


@app.job(queue="mail", retry=jobkit.Retry(attempts=5, on=mail.Down))
async def send_welcome(user_id: int, template: str = "welcome") -> None:
    email = await asyncio.to_thread(store.email_of, user_id)
    await asyncio.to_thread(mail.send, email, f"{template} to the shop")


@app.job(retry=jobkit.Retry(attempts=3, wait=60, on=mail.Down))
def charge(order_id: int) -> None:
    """A plain function, performed in a thread. Performing it twice charges once."""
    order = store.order(order_id)
    if order.state == "cancelled":
        return
    store.take_payment(order_id)
    # Also when the payment was taken before: that worker may have died right here. By its id it is one receipt.
    send_receipt.using(id=f"receipt:{order_id}", remember=PATIENCE).enqueue(order_id, order.total)


@app.job(queue="mail", priority=5)
def send_receipt(order_id: int, total: Decimal) -> None:
    mail.send(store.order(order_id).email, f"receipt for order {order_id}: {total}", once=f"receipt:{order_id}")


@app.job(queue="mail")
def remind(order_id: int, since: datetime) -> None:
    order = store.order(order_id)
    if order.state == "open":
        mail.send(order.email, f"order {order_id} is open since {since:%d %B}")


@app.recurring(cron="0 9 * * mon", zone="Europe/Berlin")
@app.job(queue="mail", retry=jobkit.Retry(attempts=5, wait=60, on=mail.Down))
def send_newsletter() -> None:
    """A long job, each Monday: the next attempt goes on after the last reader that this one noted."""
    job = jobkit.current_job()
    assert job is not None
    for user_id, email in store.users(after=job.last_checkpoint(int, 0)):
        mail.send(email, "news from the shop")
        job.checkpoint(user_id)


@app.job
def tick(number: int) -> None:
    """Does nothing, so that many can be performed."""
