"""A newsletter: one job enqueues a mail for each reader."""

from __future__ import annotations

import sqlite3

import jobkit

app = jobkit.App("redis://production.invalid")
app.queue("mail")
db = sqlite3.connect(":memory:", check_same_thread=False)

outbox: list[tuple[str, int]] = []
"""What was sent: to whom, which issue."""


def reset() -> None:
    outbox.clear()
    db.executescript("""
        DROP TABLE IF EXISTS readers;
        DROP TABLE IF EXISTS sent;
        CREATE TABLE readers (address TEXT PRIMARY KEY);
        CREATE TABLE sent (address TEXT, issue INTEGER, PRIMARY KEY (address, issue));
    """)


def subscribe(*addresses: str) -> None:
    with db:
        db.executemany("INSERT INTO readers VALUES (?)", [(address,) for address in addresses])


@app.job
async def publish(issue: int) -> None:
    for (address,) in db.execute("SELECT address FROM readers ORDER BY address").fetchall():
        await send.aenqueue(address, issue)


@app.job(queue="mail")
async def send(address: str, issue: int) -> None:
    outbox.append((address, issue))
