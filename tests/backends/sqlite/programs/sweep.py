"""Ends a process after each statement of each verb in turn, as SIGKILL does, and says what others then find.

Run as ``sweep.py URL [torn]``; ``torn`` leaves out that a verb is one transaction, which has to show.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import count
from typing import Any

from jobkit.backend import Dead, Done, Message, RetryAt, Stored
from jobkit.backends.sqlite import SqliteBackend, admin_commands, commands, factory
from jobkit.backends.sqlite.transaction import Transaction

URL, TORN = sys.argv[1], "torn" in sys.argv[2:]
HOUR = 3_600_000


def main() -> None:
    found = {verb: sweep(verb, *how) for verb, how in VERBS.items()}
    sys.stdout.write(json.dumps(found))


def sweep(
    verb: str, prepare: Callable[[SqliteBackend], Any], work: Callable[..., object], look: Callable[..., Any]
) -> dict[str, Any]:
    """At each statement: what is there after a death at it. The last entry is what is there when nobody died."""
    states: list[Any] = []
    for place in count(1):
        namespace = f"{verb} {place}"
        given = used(namespace, prepare)
        died = dies_at(place, namespace, partial(work, given=given))
        states.append(used(namespace, partial(look, given=given)))
        if not died:
            return {"before": states[0], "after": states[-1], "deaths": len(states) - 1, "states": states}
    raise AssertionError


def used(namespace: str, use: Callable[[SqliteBackend], Any]) -> Any:
    async def go() -> Any:
        backend = factory(URL, namespace, None)
        try:
            return await use(backend)
        finally:
            await backend.close()

    return asyncio.run(go())


def dies_at(place: int, namespace: str, work: Callable[[Transaction], object]) -> bool:
    """Whether a child that does this has as many statements to die at."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        return os.WIFSIGNALED(status)
    store = factory(URL, namespace, None).store
    store.read(lambda _: None)  # opened, with its tables
    connection = store._connection
    assert connection is not None
    statements = count(1)

    def seen(statement: str) -> None:
        if next(statements) == place:
            os.kill(os.getpid(), signal.SIGKILL)

    if TORN:
        connection.execute("PRAGMA busy_timeout = 5000")
        step = Transaction(connection, namespace, store.wall(), 1000, writes=True)
        connection.set_trace_callback(seen)
        with suppress(sqlite3.Error):
            work(step)
    else:
        connection.set_trace_callback(seen)
        store.write(work)
    connection.set_trace_callback(None)
    os._exit(0)


async def nothing(backend: SqliteBackend) -> None:
    await backend.describe()


async def three_leased(backend: SqliteBackend) -> list[str]:
    await backend.enqueue([Message(id, "q", b"x", key=id, remember=HOUR) for id in "abc"])
    held = await backend.reserve(["q"], limit=3, lease=HOUR)
    return [each.token for each in held]


async def three_ready(backend: SqliteBackend) -> None:
    await backend.enqueue([Message(id, "q", b"x", priority=3) for id in "abc"])


async def states(backend: SqliteBackend, given: object) -> Any:
    """Every id with its state and attempt, checked against the counts."""
    found = {}
    for id, stored in zip("abc", await backend.get(list("abc")), strict=True):
        found[id] = [stored.state.value, stored.attempt] if isinstance(stored, Stored) else None
    counts = await backend.counts("q")
    counted = [counts.scheduled, counts.ready, counts.leased, counts.dead]
    seen = [state for state, _ in filter(None, found.values())]
    assert TORN or counted == [seen.count(state) for state in ("scheduled", "ready", "leased", "dead")], counted
    return found


def enqueue_all(step: Transaction, given: object) -> object:
    return commands.enqueue(step, [Message(id, "q", b"x", key=id) for id in "abc"])


def reserve_all(step: Transaction, given: object) -> object:
    return commands.reserve(step, ["q"], 3, HOUR)


def cancel_all(step: Transaction, given: object) -> object:
    return admin_commands.cancel(step, list("abc"))


def end_all(step: Transaction, given: list[str]) -> object:
    one, two, three = given
    return commands.settle(step, [Done(one), RetryAt(two, after=HOUR), Dead(three, "why")])


VERBS: dict[str, Any] = {
    "enqueue": (nothing, enqueue_all, states),
    "reserve": (three_ready, reserve_all, states),
    "settle": (three_leased, end_all, states),
    "cancel": (three_ready, cancel_all, states),
}

main()
