"""Opening a file, beside what else may be going on with it."""

from __future__ import annotations

import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from jobkit.backend import Accepted, Message
from jobkit.backends.sqlite.connection import connect, identity
from jobkit.backends.sqlite.settings import read
from jobkit.errors import BackendUnavailable
from jobkit.lifecycle import State
from tests.backends.sqlite.clients import Open


def _busy() -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("database is locked")
    error.sqlite_errorcode = sqlite3.SQLITE_BUSY
    return error


class Crowded(sqlite3.Connection):
    """Several turn WAL mode on at once: SQLite is busy then without having waited (seen once in a thousand times)."""

    refusals = 3

    def execute(self, sql: str, parameters: Any = ()) -> sqlite3.Cursor:
        if "journal_mode" in sql and self.refusals:
            self.refusals -= 1
            raise _busy()
        return super().execute(sql, parameters)


def _crowded(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = sqlite3.connect
    monkeypatch.setattr(
        "jobkit.backends.sqlite.connection.sqlite3.connect", lambda *a, **k: plain(*a, factory=Crowded, **k)
    )


def test_who_is_not_the_first_to_begin_a_file_tries_again(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _crowded(monkeypatch)
    connection = connect(read(url), create=True, until=time.monotonic() + 10)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_and_gives_up_in_time(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _crowded(monkeypatch)
    with pytest.raises(sqlite3.OperationalError):
        connect(read(url), create=True, until=time.monotonic() - 1)


def test_a_file_is_begun_only_when_asked_to(url: str, path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError):
        connect(read(url), create=False, until=time.monotonic() + 1)
    assert not path.exists()


def test_two_files_of_one_name_are_told_apart(path: Path) -> None:
    path.touch()
    before = identity(str(path))
    path.rename(path.with_name("moved"))
    path.touch()
    assert identity(str(path)) != before
    assert identity(str(path.with_name("moved"))) == before


def test_an_sqlite_that_is_too_old_is_named(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobkit.backends.sqlite.connection.sqlite3.sqlite_version_info", (3, 31, 1))
    with pytest.raises(BackendUnavailable, match=r"jobkit needs SQLite 3\.37\.0 or later, and this Python has"):
        connect(read(url), create=True, until=time.monotonic() + 1)


async def test_where_no_thread_can_begin_any_more_the_callers_own_will_do(
    clients: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in an interpreter that ends."""

    def refused(_: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", refused)
    backend = clients()
    (accepted,) = await backend.enqueue([Message("a", "q", b"")])
    assert isinstance(accepted, Accepted)
    await backend.close()


@pytest.mark.parametrize("there", [False, True], ids=["a new file", "a file with jobs"])
async def test_a_file_that_is_replaced_while_it_is_opened_is_opened_anew(
    path: Path, clients: Open, monkeypatch: pytest.MonkeyPatch, *, there: bool
) -> None:
    """What is written to a file that has no name any more is lost."""
    if there:
        other = clients()
        await other.enqueue([Message("old", "q", b"")])
        await other.close()
    replacements = [path.with_name("restored.db")]

    def replaced(*arguments: Any, **named: Any) -> sqlite3.Connection:
        connection = connect(*arguments, **named)
        if replacements:
            sqlite3.connect(replacements[0]).close()
            replacements[0].touch()
            replacements.pop().replace(path)
        return connection

    monkeypatch.setattr("jobkit.backends.sqlite.store.connect", replaced)
    await clients().enqueue([Message("new", "q", b"")])
    monkeypatch.undo()
    assert [each.message.id for each in (await clients().peek("q", State.READY)).jobs] == ["new"]
