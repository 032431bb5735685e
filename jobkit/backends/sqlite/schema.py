"""The tables, and how a file comes to have them.

A job has a row of what changes (``jobs``) and one of what never does (``payloads``), so that a grant does not write a
body again. ``phase`` is 0 waiting, 1 leased, 2 leased and marked to end, 3 dead. ``since`` is the instant that ends
the phase or began it: from when it may be granted, the lease's end, when it died. So ready is what has ``phase < 2``
and ``since <= now``: whether somebody holds it or held it, being due is a range of one index. ``rank`` is the negated
priority, which lets every index ascend.

How many jobs a queue holds is kept in its row, by triggers, so that no verb can forget it. What depends on the clock
is kept as of an instant, the ``frontier``: ``due`` of the waiting and ``over`` of the leased have a ``since`` up to
there. Who wants to know it of now counts the few between.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from jobkit.backends.sqlite.disk_space import reserve_space
from jobkit.errors import BackendUnavailable

VERSION: Final = 1
"""``PRAGMA user_version`` of the files that this code writes."""
APPLICATION: Final = 0x6A6F626B
"""``PRAGMA application_id``: "jobk"."""

_TABLES: Final = """
CREATE TABLE namespaces (
    ns INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    clock INTEGER NOT NULL
) STRICT;

CREATE TABLE queues (
    queue INTEGER PRIMARY KEY,
    ns INTEGER NOT NULL,
    name TEXT NOT NULL,
    paused INTEGER NOT NULL DEFAULT 0,
    waiting INTEGER NOT NULL DEFAULT 0,
    held INTEGER NOT NULL DEFAULT 0,
    dead INTEGER NOT NULL DEFAULT 0,
    due INTEGER NOT NULL DEFAULT 0,
    over INTEGER NOT NULL DEFAULT 0,
    frontier INTEGER NOT NULL DEFAULT 0,
    UNIQUE (ns, name)
) STRICT;

CREATE TABLE jobs (
    seq INTEGER PRIMARY KEY,
    ns INTEGER NOT NULL,
    id TEXT NOT NULL,
    queue INTEGER NOT NULL,
    rank INTEGER NOT NULL,
    phase INTEGER NOT NULL,
    since INTEGER NOT NULL,
    number INTEGER NOT NULL DEFAULT 0,
    attempt INTEGER NOT NULL DEFAULT 0,
    released INTEGER NOT NULL DEFAULT 0,
    nonce TEXT,
    key TEXT,
    remember INTEGER,
    checkpoint BLOB,
    reason BLOB,
    UNIQUE (ns, id)
) STRICT;
CREATE UNIQUE INDEX holders ON jobs (ns, key) WHERE key IS NOT NULL AND phase < 3;
CREATE INDEX grantable ON jobs (queue, rank, since, seq) WHERE phase < 2;
CREATE INDEX by_phase ON jobs (queue, phase, since, rank, seq);
CREATE INDEX marked ON jobs (ns, since) WHERE phase = 2;

CREATE TABLE payloads (
    seq INTEGER PRIMARY KEY,
    at INTEGER,
    after INTEGER,
    headers BLOB NOT NULL,
    body BLOB NOT NULL
) STRICT;

CREATE TABLE remembered (
    ns INTEGER NOT NULL,
    id TEXT NOT NULL,
    until INTEGER NOT NULL,
    PRIMARY KEY (ns, id)
) STRICT;
CREATE INDEX forgotten ON remembered (ns, until);

CREATE TABLE cells (
    ns INTEGER NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (ns, name)
) STRICT;

CREATE TABLE ballast (room BLOB NOT NULL) STRICT;

CREATE TRIGGER comes AFTER INSERT ON jobs BEGIN
    UPDATE queues SET
        waiting = waiting + (new.phase = 0),
        due = due + (new.phase = 0 AND new.since <= frontier)
    WHERE queue = new.queue;
END;

CREATE TRIGGER moves AFTER UPDATE OF phase, since ON jobs BEGIN
    UPDATE queues SET
        waiting = waiting - (old.phase = 0) + (new.phase = 0),
        held = held - (old.phase IN (1, 2)) + (new.phase IN (1, 2)),
        dead = dead - (old.phase = 3) + (new.phase = 3),
        due = due - (old.phase = 0 AND old.since <= frontier) + (new.phase = 0 AND new.since <= frontier),
        over = over - (old.phase IN (1, 2) AND old.since <= frontier) + (new.phase IN (1, 2) AND new.since <= frontier)
    WHERE queue = new.queue;
END;

CREATE TRIGGER goes AFTER DELETE ON jobs BEGIN
    DELETE FROM payloads WHERE seq = old.seq;
    UPDATE queues SET
        waiting = waiting - (old.phase = 0),
        held = held - (old.phase IN (1, 2)),
        dead = dead - (old.phase = 3),
        due = due - (old.phase = 0 AND old.since <= frontier),
        over = over - (old.phase IN (1, 2) AND old.since <= frontier)
    WHERE queue = old.queue;
    DELETE FROM queues WHERE queue = old.queue AND waiting = 0 AND held = 0 AND dead = 0 AND paused = 0;
END;
"""


def prepare(connection: sqlite3.Connection, path: str) -> None:
    """Give a new file its tables; refuse one that is somebody else's, or of a later version than this code."""
    with _transaction(connection, "BEGIN"):  # what is read belongs together, whatever others commit meanwhile
        if _is_ready(connection, path):
            return
    with _transaction(connection, "BEGIN IMMEDIATE"):
        if not _is_ready(connection, path):  # another process was quicker
            for statement in _statements():
                connection.execute(statement)
            reserve_space(connection.execute)
            connection.execute(f"PRAGMA application_id = {APPLICATION}")
            connection.execute(f"PRAGMA user_version = {VERSION}")


@contextmanager
def _transaction(connection: sqlite3.Connection, begin: str) -> Generator[None]:
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _is_ready(connection: sqlite3.Connection, path: str) -> bool:
    """Return True if the file has the tables of this version, False if it is new. Call it in a transaction."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application != APPLICATION and (tables or version or application):
        raise BackendUnavailable(f"{path} is a database of another program: jobs are kept in a file of their own")
    if version > VERSION:
        raise BackendUnavailable(
            f"{path} was written by a later jobkit (version {version} of its tables; this one knows {VERSION}): "
            "upgrade jobkit here"
        )
    return bool(version == VERSION)


def _statements() -> list[str]:
    """One by one: ``executescript`` would commit what was begun."""
    found: list[str] = []
    rest = ""
    for line in _TABLES.splitlines(keepends=True):
        rest += line
        if sqlite3.complete_statement(rest):
            found.append(rest)
            rest = ""
    return found
