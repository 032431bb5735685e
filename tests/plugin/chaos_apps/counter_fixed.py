"""A blog that counts its readers, so that a page is quick: a job each visit, which counts once."""

from __future__ import annotations

import sqlite3
from uuid import uuid4

import jobkit

app = jobkit.App("redis://production.invalid")
db = sqlite3.connect(":memory:", check_same_thread=False)


def reset() -> None:
    db.executescript("""
        DROP TABLE IF EXISTS pages;
        DROP TABLE IF EXISTS counted;
        CREATE TABLE pages (path TEXT PRIMARY KEY, visits INTEGER);
        CREATE TABLE counted (visit TEXT PRIMARY KEY);
    """)


def show(path: str) -> None:
    count_visit.enqueue(path, uuid4().hex)


@app.job
async def count_visit(path: str, visit: str) -> None:
    with db:  # both or neither
        if db.execute("INSERT OR IGNORE INTO counted VALUES (?)", (visit,)).rowcount == 0:
            return
        db.execute(
            "INSERT INTO pages VALUES (?, 1) ON CONFLICT (path) DO UPDATE SET visits = visits + 1",
            (path,),
        )


def visits(path: str) -> int:
    (found,) = db.execute("SELECT visits FROM pages WHERE path = ?", (path,)).fetchone()
    return int(found)
