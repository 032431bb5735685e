"""Pausing queues, cells, and forgetting a namespace."""

from __future__ import annotations

from jobkit.backends.sqlite.transaction import Transaction


def pause(step: Transaction, queue: str) -> None:
    step.execute("UPDATE queues SET paused = 1 WHERE queue = ?", (step.queue_to_fill(queue),))


def resume(step: Transaction, queue: str) -> None:
    step.execute("UPDATE queues SET paused = 0 WHERE ns = ? AND name = ?", (step.ns, queue))
    empty = "waiting = 0 AND held = 0 AND dead = 0"
    step.execute(f"DELETE FROM queues WHERE ns = ? AND name = ? AND {empty}", (step.ns, queue))  # noqa: S608
    step.rung.add(queue)


def cell_get(step: Transaction, name: str) -> tuple[bytes, int] | None:
    row = step.execute("SELECT value, version FROM cells WHERE ns = ? AND name = ?", (step.ns, name)).fetchone()
    return None if row is None else (row[0], row[1])


def cell_set(step: Transaction, name: str, value: bytes, expected_version: int) -> int | None:
    found = cell_get(step, name)
    if expected_version != (0 if found is None else found[1]):
        return None
    version = expected_version + 1
    step.execute("INSERT OR REPLACE INTO cells VALUES (?, ?, ?, ?)", (step.ns, name, version, value))
    return version


def wipe(step: Transaction, jobs: int) -> bool:
    """So many jobs of a namespace, and when there are no more the rest of it; whether all of it is gone."""
    some = "SELECT seq FROM jobs WHERE ns = ? LIMIT ?"
    removed = step.execute(f"DELETE FROM jobs WHERE seq IN ({some})", (step.ns, jobs)).rowcount  # noqa: S608
    if removed == jobs:
        return False
    for table in ("queues", "remembered", "cells", "namespaces"):
        step.execute(f"DELETE FROM {table} WHERE ns = ?", (step.ns,))  # noqa: S608 - names from above
    return True
