"""A catalogue whose prices come from elsewhere: each change is a job."""

from __future__ import annotations

import sqlite3

import jobkit

app = jobkit.App("redis://production.invalid")
db = sqlite3.connect(":memory:", check_same_thread=False)


def reset() -> None:
    db.executescript("""
        DROP TABLE IF EXISTS prices;
        CREATE TABLE prices (sku TEXT PRIMARY KEY, price INTEGER, version INTEGER);
    """)


def price_changed(sku: str, price: int, version: int) -> None:
    """Called by the supplier's webhook, in the order in which its prices change."""
    store_price.enqueue(sku, price, version)


@app.job
def store_price(sku: str, price: int, version: int) -> None:
    with db:
        db.execute("INSERT OR REPLACE INTO prices VALUES (?, ?, ?)", (sku, price, version))


def price(sku: str) -> int:
    (found,) = db.execute("SELECT price FROM prices WHERE sku = ?", (sku,)).fetchone()
    return int(found)
