"""Where SQLite's errors become jobkit's: what was wrong with which file, and what would be right."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Final

from jobkit.errors import BackendFull, BackendUnavailable

_SAID: Final = {
    sqlite3.SQLITE_BUSY: "another process kept it locked for longer than the timeout",
    sqlite3.SQLITE_LOCKED: "another process kept it locked for longer than the timeout",
    sqlite3.SQLITE_NOTADB: "it is no SQLite database (or an encrypted one)",
    sqlite3.SQLITE_CORRUPT: "it is damaged; PRAGMA integrity_check says how",
    sqlite3.SQLITE_IOERR: "its disk failed to read or write",
    sqlite3.SQLITE_INTERRUPT: "the call was cut off",
    sqlite3.SQLITE_PROTOCOL: "its locks do not work; WAL mode needs a local file system, not a network one",
}

PASSING: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL})
"""Errors after which the connection is as good as before."""


def error_code(error: sqlite3.Error) -> int:
    """The primary result code; 0 for what Python's own layer raises."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def translate(error: sqlite3.Error, path: str) -> BackendUnavailable:
    """What a caller sees instead. Chain it to ``error``."""
    code = error_code(error)
    if code == sqlite3.SQLITE_FULL:
        return BackendFull(f"{path} is full: it may not grow, or its disk has no room")
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return BackendUnavailable(f"{path} can't be used: {_why_closed(path)}")
    return BackendUnavailable(f"{path} can't be used: {_SAID.get(code, str(error))}")


def _why_closed(path: str) -> str:
    file = Path(path)
    if not file.parent.is_dir():
        return f"there is no folder {file.parent}"
    if file.is_dir():
        return "it is a folder"
    effectively = os.access in os.supports_effective_ids
    if not os.access(file.parent, os.W_OK | os.X_OK, effective_ids=effectively):
        return f"this process may not write in its folder, {file.parent}, where the log lies beside the file"
    if not file.exists():
        return "it is gone"
    return "this process may not read and write it"
