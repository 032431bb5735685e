"""A queue that knows nothing of jobkit: a table in a file, and a worker that looks into it.

    python toy.py FILE MANNER      a worker, one job at a time; TERM: it ends after the job that runs

``MANNER``: *leased*, a job is taken for a while and comes back when its worker is lost; *taken*, a job is removed
before it is performed, so at most once; *forgetful*, it says to be leased, and removes it all the same.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence

LEASE = 1.0
FILE = "TOY_QUEUE"


@contextlib.contextmanager
def opened(path: str) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path, timeout=10, isolation_level=None)
    try:
        # A number is given once: who ends a job late would else delete the one that has its number by then.
        connection.execute(
            "CREATE TABLE IF NOT EXISTS jobs (id INTEGER PRIMARY KEY AUTOINCREMENT, word TEXT, until REAL DEFAULT 0)"
        )
        yield connection
    finally:
        connection.close()


def enqueue(words: Sequence[str]) -> None:
    with opened(os.environ[FILE]) as file:
        file.executemany("INSERT INTO jobs (word) VALUES (?)", [(word,) for word in words])


def take(file: sqlite3.Connection, *, leased: bool) -> tuple[int, str] | None:
    file.execute("BEGIN IMMEDIATE")
    found: tuple[int, str] | None = file.execute(
        "SELECT id, word FROM jobs WHERE until <= ? ORDER BY id", (time.time(),)
    ).fetchone()
    if found is not None and leased:
        file.execute("UPDATE jobs SET until = ? WHERE id = ?", (time.time() + LEASE, found[0]))
    elif found is not None:
        file.execute("DELETE FROM jobs WHERE id = ?", (found[0],))
    file.execute("COMMIT")
    return found


def work(path: str, manner: str) -> None:
    from jobkit_conformance.processes.task import perform

    asked: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: asked.append(number))
    with opened(path) as file:
        while not asked:
            found = take(file, leased=manner == "leased")
            if found is None:
                time.sleep(0.02)
                continue
            perform(found[1])
            file.execute("DELETE FROM jobs WHERE id = ?", (found[0],))


if __name__ == "__main__":
    work(*sys.argv[1:])
