"""A blog that counts its readers, so that a page is quick: a job each visit."""

from __future__ import annotations

import sqlite3
from uuid import uuid4

import jobkit

app = jobkit.App("redis://production.invalid")
db = sqlite3.connect(":memory:", check_same_thread=False)


def reset() -> None:
    db.executescript("""
        DROP TABLE IF EXISTS pages;
        CREATE TABLE pages (path TEXT PRIMARY KEY, visits INTEGER);
    """)


def show(path: str) -> None:
    count_visit.enqueue(path, uuid4().hex)


@app.job
async def count_visit(path: str, visit: str) -> None:
    with db:
        db.execute(
            "INSERT INTO pages VALUES (?, 1) ON CONFLICT (path) DO UPDATE SET visits = visits + 1",
            (path,),
        )


def visits(path: str) -> int:
    (found,) = db.execute("SELECT visits FROM pages WHERE path = ?", (path,)).fetchone()
    return int(found)
