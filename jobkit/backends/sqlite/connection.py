"""Opens the file, as every process that shares it has to: WAL, the declared durability, our tables."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Final
from urllib.parse import quote

from jobkit.backends.sqlite import schema
from jobkit.backends.sqlite.errors import error_code
from jobkit.backends.sqlite.settings import Settings
from jobkit.errors import BackendUnavailable

LOG: Final = 64 << 20
"""Bytes to which the log is cut back when it has been longer."""
OLDEST: Final = (3, 37, 0)
"""The first version with STRICT tables."""
PAUSE: Final = 0.005
"""Seconds between two tries of what SQLite refuses at once, instead of waiting for the lock."""


def connect(settings: Settings, *, create: bool, until: float) -> sqlite3.Connection:
    """A connection, for one thread at a time; raises ``sqlite3.Error`` as it comes, and `BackendUnavailable`.

    ``create``: make the file where there is none. ``until``: how long to wait for others, on the monotonic clock.
    """
    if sqlite3.sqlite_version_info < OLDEST:
        raise BackendUnavailable(
            f"jobkit needs SQLite {'.'.join(map(str, OLDEST))} or later, and this Python has {sqlite3.sqlite_version}"
        )
    mode = "rwc" if create else "rw"
    connection = sqlite3.connect(
        f"file:{quote(settings.path)}?mode={mode}",
        uri=True,
        timeout=max(0.0, until - time.monotonic()),
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        _set_up(connection, settings, until)
        schema.prepare(connection, settings.path)
    except BaseException:
        connection.close()
        raise
    return connection


def _set_up(connection: sqlite3.Connection, settings: Settings, until: float) -> None:
    mode = _log_ahead(connection, until)
    if mode != "wal":
        raise BackendUnavailable(f"{settings.path} can't have a write-ahead log (journal mode {mode}), which it needs")
    # In WAL mode both levels survive the end of any process; only FULL syncs the log before a commit returns.
    connection.execute(f"PRAGMA synchronous = {'FULL' if settings.durable == 'fsync' else 'NORMAL'}")
    if settings.durable == "fsync":
        connection.execute("PRAGMA fullfsync = ON")  # on macOS a plain fsync leaves data in the drive's cache
        connection.execute("PRAGMA checkpoint_fullfsync = ON")
    connection.execute(f"PRAGMA journal_size_limit = {LOG}")


def _log_ahead(connection: sqlite3.Connection, until: float) -> str:
    """Turn WAL mode on; while another process does so SQLite is busy at once, whatever the timeout."""
    while True:
        try:
            (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError as error:
            if error_code(error) not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) or time.monotonic() > until:
                raise
            time.sleep(PAUSE)
        else:
            return str(mode)


def identity(path: str) -> tuple[int, int]:
    """Which file is there, whatever it is called; `FileNotFoundError` for none."""
    found = Path(path).stat()
    return found.st_dev, found.st_ino


def identity_or_none(path: str) -> tuple[int, int] | None:
    """Which file is there, or None for none."""
    try:
        return identity(path)
    except FileNotFoundError:
        return None
