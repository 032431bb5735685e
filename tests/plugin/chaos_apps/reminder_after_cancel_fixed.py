"""A shop that reminds of what is not yet paid: a day after the order, unless that was cancelled by then."""

from __future__ import annotations

import sqlite3
from datetime import timedelta

import jobkit

app = jobkit.App("redis://production.invalid")
db = sqlite3.connect(":memory:", check_same_thread=False)

outbox: list[int] = []
"""The orders that customers were reminded of."""


def reset() -> None:
    outbox.clear()
    db.executescript("""
        DROP TABLE IF EXISTS orders;
        CREATE TABLE orders (id INTEGER PRIMARY KEY, state TEXT);
    """)


def place_order(order_id: int) -> None:
    with db:
        db.execute("INSERT INTO orders VALUES (?, 'open')", (order_id,))
    remind.using(delay=timedelta(days=1)).enqueue(order_id)


def cancel_order(order_id: int) -> None:
    with db:
        db.execute("UPDATE orders SET state = 'cancelled' WHERE id = ?", (order_id,))
    close.enqueue(order_id)


@app.job
def close(order_id: int) -> None:
    with db:
        db.execute("UPDATE orders SET state = 'restocked' WHERE id = ? AND state = 'cancelled'", (order_id,))


@app.job
def remind(order_id: int) -> None:
    (state,) = db.execute("SELECT state FROM orders WHERE id = ?", (order_id,)).fetchone()
    if state == "open":
        with db:
            db.execute("UPDATE orders SET state = 'reminded' WHERE id = ?", (order_id,))
        outbox.append(order_id)
