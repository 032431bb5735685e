"""A shop that takes money: the bank is asked first, and the shop writes it down afterwards."""

from __future__ import annotations

import sqlite3

import jobkit

app = jobkit.App("redis://production.invalid")

bank: list[tuple[int, int]] = []
"""What was taken from customers: order and amount."""

db = sqlite3.connect(":memory:", check_same_thread=False)


def reset() -> None:
    bank.clear()
    db.executescript("""
        DROP TABLE IF EXISTS orders;
        CREATE TABLE orders (id INTEGER PRIMARY KEY, amount INTEGER, state TEXT);
    """)


def checkout(order_id: int, amount: int) -> None:
    with db:
        db.execute("INSERT INTO orders VALUES (?, ?, 'new')", (order_id, amount))
    charge.enqueue(order_id)


@app.job(retry=jobkit.Retry(on=ConnectionError))
def charge(order_id: int) -> None:
    (amount,) = db.execute("SELECT amount FROM orders WHERE id = ?", (order_id,)).fetchone()
    bank.append((order_id, amount))
    with db:
        db.execute("UPDATE orders SET state = 'paid' WHERE id = ?", (order_id,))
    send_receipt.enqueue(order_id)


@app.job
def send_receipt(order_id: int) -> None: ...
