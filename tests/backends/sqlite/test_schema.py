"""Opens a new file while another connection commits between any two statements."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from jobkit.backends.sqlite import schema
from jobkit.errors import BackendUnavailable


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=0, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    return connection


def _prepared_before(nth: int, path: Path) -> bool:
    """Prepare a new file, and by another connection before the nth statement. Return False if there were fewer."""
    with contextlib.closing(_connect(path)) as one, contextlib.closing(_connect(path)) as other:
        seen = 0

        def trace(_statement: str) -> None:
            nonlocal seen
            seen += 1
            if seen == nth:
                with contextlib.suppress(sqlite3.OperationalError):  # busy: the first one is writing
                    schema.prepare(other, "other")

        one.set_trace_callback(trace)
        schema.prepare(one, "one")
        (version,) = one.execute("PRAGMA user_version").fetchone()
        assert version == schema.VERSION
        return seen >= nth


def test_file_prepared_by_another_connection_is_accepted(tmp_path: Path) -> None:
    nth = 1
    while _prepared_before(nth, tmp_path / f"{nth}.db"):
        nth += 1
    assert nth > 10, "the other process came before every statement"


def test_database_of_another_program_is_refused(tmp_path: Path) -> None:
    with contextlib.closing(_connect(tmp_path / "theirs.db")) as connection:
        connection.execute("CREATE TABLE theirs (id)")
        with pytest.raises(BackendUnavailable, match=r"^theirs\.db is a database of another program"):
            schema.prepare(connection, "theirs.db")
        assert not connection.in_transaction
