"""The shop's web app: an asynchronous view that awaits its enqueue, and plain ones that block for theirs."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from fastapi import FastAPI
from pydantic import BaseModel

from shop import store
from shop.jobs import PATIENCE, app, charge, remind, send_welcome

web = FastAPI(title="shop")


class Signup(BaseModel):
    email: str


class NewOrder(BaseModel):
    user_id: int
    total: Decimal


@web.post("/signup", status_code=201)
async def signup(form: Signup) -> dict[str, int]:
    user_id = store.add_user(form.email)
    await send_welcome.aenqueue(user_id)
    return {"user_id": user_id}


@web.post("/orders", status_code=201)
def order(form: NewOrder) -> dict[str, int]:
    """Place an order; ask after a day whether it is still wanted, once however often somebody clicks."""
    order_id = store.add_order(form.user_id, form.total)
    now = datetime.now(UTC)
    name = reminder(order_id)
    remind.using(delay=PATIENCE, key=name, id=name).enqueue(order_id, now)
    return {"order_id": order_id}


@web.post("/orders/{order_id}/pay", status_code=202)
def pay(order_id: int) -> dict[str, bool]:
    receipt = charge.using(key=f"charge:{order_id}").enqueue(order_id)
    return {"accepted": bool(receipt)}


@web.post("/orders/pay", status_code=202)
async def pay_many(order_ids: list[int]) -> dict[str, int]:
    """Several orders in one step: either all of these jobs are stored, or none."""
    receipts = await app.aenqueue_many(charge.using(key=f"charge:{each}").call(each) for each in order_ids)
    return {"accepted": sum(map(bool, receipts))}


@web.delete("/orders/{order_id}", status_code=204)
def cancel(order_id: int) -> None:
    """Nobody is reminded of an order that is no more."""
    store.cancel_order(order_id)
    app.cancel(reminder(order_id))


def reminder(order_id: int) -> str:
    """The id of an order's reminder, and its key."""
    return f"remind:{order_id}"
