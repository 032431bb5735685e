"""A shop that takes money, and tells the bank for what: asked again for the same, that takes nothing again."""

from __future__ import annotations

import sqlite3

import jobkit

app = jobkit.App("redis://production.invalid")

bank: list[tuple[int, int]] = []
"""What was taken from customers: order and amount."""

known: set[str] = set()
"""The bank's memory of idempotency keys."""

db = sqlite3.connect(":memory:", check_same_thread=False)


def reset() -> None:
    bank.clear()
    known.clear()
    db.executescript("""
        DROP TABLE IF EXISTS orders;
        CREATE TABLE orders (id INTEGER PRIMARY KEY, amount INTEGER, state TEXT);
    """)


def checkout(order_id: int, amount: int) -> None:
    with db:
        db.execute("INSERT INTO orders VALUES (?, ?, 'new')", (order_id, amount))
    charge.enqueue(order_id)


def take(order_id: int, amount: int, *, idempotency_key: str) -> None:
    """As banks offer it."""
    if idempotency_key not in known:
        known.add(idempotency_key)
        bank.append((order_id, amount))


@app.job(retry=jobkit.Retry(on=ConnectionError))
def charge(order_id: int) -> None:
    (amount,) = db.execute("SELECT amount FROM orders WHERE id = ?", (order_id,)).fetchone()
    take(order_id, amount, idempotency_key=f"order-{order_id}")
    with db:
        db.execute("UPDATE orders SET state = 'paid' WHERE id = ?", (order_id,))
    send_receipt.enqueue(order_id)


@app.job
def send_receipt(order_id: int) -> None: ...
