"""Files that can't be used say so: what is wrong with which, and what would be right."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from jobkit.backend import Accepted, Dead, Done, Duplicate, Extended, Extension, Message, Release, RetryAt, Settled
from jobkit.backends.sqlite import SqliteBackend, disk_space, factory, schema
from jobkit.errors import BackendFull, BackendUnavailable
from tests.backends.sqlite.clients import Open, run
from tests.realtime import LEASE


def _write(path: Path, content: bytes, at: int = 0) -> None:
    """Over what is there from that byte on."""
    path.touch()
    with path.open("r+b") as file:
        file.seek(at)
        file.write(content)


def _length(path: Path) -> int:
    return path.stat().st_size


def _is_there(path: Path) -> bool:
    return path.exists()


async def _refused(backend: SqliteBackend) -> str:
    with pytest.raises(BackendUnavailable) as raised:
        await backend.enqueue([Message("a", "q", b"body-7731")])
    assert "body-7731" not in str(raised.value)
    return str(raised.value)


async def test_a_text_file_is_no_database(path: Path, backend: SqliteBackend) -> None:
    _write(path, b"Shopping list\n" * 100)
    assert await _refused(backend) == f"{path} can't be used: it is no SQLite database (or an encrypted one)"
    assert _length(path) == 1400, "it was written to"


async def test_an_empty_file_becomes_one(path: Path, backend: SqliteBackend) -> None:
    _write(path, b"")
    (outcome,) = await backend.enqueue([Message("a", "q", b"")])
    assert isinstance(outcome, Accepted)


async def test_another_program_s_database_is_left_alone(path: Path, backend: SqliteBackend) -> None:
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE songs (title)")
    other.close()
    assert "is a database of another program: jobs are kept in a file of their own" in await _refused(backend)
    with sqlite3.connect(path) as other:
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("songs",)]
    other.close()


async def test_tables_of_a_later_version_are_left_alone(path: Path, clients: Open) -> None:
    await clients().describe()
    with sqlite3.connect(path) as later:
        later.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    later.close()
    said = await _refused(clients())
    assert f"written by a later jobkit (version {schema.VERSION + 1} of its tables; this one knows 1)" in said


async def test_a_damaged_file_is_said_to_be(path: Path, clients: Open) -> None:
    backend = clients()
    await backend.enqueue([Message(str(number), "q", bytes(900)) for number in range(200)])
    await backend.close()
    _write(path, b"\xff" * (_length(path) - 4096), at=4096)
    assert await _refused(clients()) == f"{path} can't be used: it is damaged; PRAGMA integrity_check says how"


async def test_a_folder_that_is_not_there(path: Path, clients: Open) -> None:
    path.parent.rmdir()
    assert await _refused(clients()) == f"{path} can't be used: there is no folder {path.parent}"
    path.parent.mkdir()


async def test_a_folder_is_no_file(path: Path) -> None:
    backend = factory(f"sqlite:///{path.parent}", "test", None)
    assert await _refused(backend) == f"{path.parent} can't be used: it is a folder"
    await backend.close()


@pytest.mark.realtime
def test_files_that_belong_to_somebody_else() -> None:
    """In a process that is not allowed everything, whoever runs the tests."""
    said = run("unprivileged")
    folder = said["folder"]
    assert said["may not write the file"] == (
        f"{folder}/theirs/jobs.db can't be used: this process may not write in its folder, {folder}/theirs, "
        "where the log lies beside the file"
    )
    assert said["may not read the file"] == (
        f"{folder}/ours/jobs.db can't be used: this process may not read and write it"
    )


async def test_a_lock_that_is_held_too_long(path: Path, clients: Open) -> None:
    backend = clients(timeout=1_000)
    await backend.describe()
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        begun, blocking = time.monotonic(), backend.blocking()  # without the loop, which would end a late answer itself
        with pytest.raises(BackendUnavailable) as refused:
            await asyncio.to_thread(blocking.enqueue, [Message("a", "q", b"")])
        assert 0.5 < time.monotonic() - begun <= 1 + LEASE
        blocking.close()
        assert str(refused.value) == f"{path} can't be used: another process kept it locked for longer than the timeout"
        other.execute("ROLLBACK")
    other.close()
    (outcome,) = await backend.enqueue([Message("a", "q", b"")])
    assert isinstance(outcome, Accepted)


async def test_those_who_wait_behind_one_that_waits_end_in_time_too(path: Path, clients: Open) -> None:
    backend = clients(timeout=300)
    await backend.describe()
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        begun = time.monotonic()
        calls = [backend.enqueue([Message(str(number), "q", b"")]) for number in range(5)]
        answers = await asyncio.gather(*calls, return_exceptions=True)
        assert time.monotonic() - begun <= 0.3 + LEASE
        assert {type(answer) for answer in answers} == {BackendUnavailable}
        other.execute("ROLLBACK")
    other.close()
    assert (await backend.counts("q")).ready == 0


async def test_a_file_that_was_removed_is_not_begun_anew(path: Path, clients: Open) -> None:
    """A process that has it open could go on, and all of it would be lost."""
    backend = clients()
    await backend.enqueue([Message("a", "q", b"")])
    copy = path.with_name("copy.db")
    connection = backend.store._connection
    assert connection is not None
    connection.execute(f"VACUUM INTO '{copy}'")
    for file in path.parent.glob("jobs.db*"):
        file.unlink()
    for _ in range(2):
        assert await _refused(backend) == f"{path} was there, and is gone"
    assert not _is_there(path)
    copy.rename(path)
    assert await backend.enqueue([Message("a", "q", b"")]) == [Duplicate()]


async def test_a_file_that_was_put_in_its_place_is_taken(path: Path, clients: Open) -> None:
    backend = clients()
    await backend.enqueue([Message("a", "q", b"")])
    await backend.enqueue([Message("b", "q", b"")])
    backup = path.with_name("backup.db")
    connection = backend.store._connection
    assert connection is not None
    connection.execute(f"VACUUM INTO '{backup}'")
    await backend.delete(["a"])
    for file in path.parent.glob("jobs.db*"):
        file.unlink()
    backup.rename(path)
    assert await backend.enqueue([Message("a", "q", b"")]) == [Duplicate()]


@pytest.mark.realtime
def test_a_disk_that_fails_stores_none_of_a_batch(url: str) -> None:
    """With a limit to the size of files, which SQLite takes for a disk that can't write."""
    said = run("short_of_disk", url)
    assert said["accepted"] > 0
    assert said["error"].endswith("can't be used: its disk failed to read or write")
    assert said["ready"] == said["accepted"]


async def test_a_full_file_lets_everything_end(clients: Open) -> None:
    """It may not grow by one page from one moment to the next, and has no free ones."""
    backend = clients()
    jobs = 600
    await backend.enqueue([Message(str(number), "q", bytes(100), remember=60_000) for number in range(jobs)])
    held = await backend.reserve(["q"], limit=jobs, lease=60_000)
    connection = backend.store._connection
    assert connection is not None
    connection.execute("VACUUM")
    backend.store.limit(1)
    with pytest.raises(BackendFull, match="is full: it may grow to"):
        await backend.enqueue([Message("more", "q", b"")])
    for place, each in enumerate(held):
        (extended,) = await backend.extend([Extension(each.token, 120_000)])
        assert isinstance(extended, Extended)
        token = each.token
        how = (Dead(token, "why" * 30), RetryAt(token, after=60_000), Release(token), Done(token))[place % 4]
        assert await backend.settle([how]) == [Settled()]
    backend.store.limit(2**30)
    (outcome,) = await backend.enqueue([Message("more", "q", b"")])
    assert isinstance(outcome, Accepted)
    (kept,) = connection.execute("SELECT count(*) FROM ballast").fetchone()
    assert kept == 1, "what was given up is not taken again when there is room"


async def test_a_disk_that_is_nearly_full_is_left_to_what_runs(clients: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = clients()
    await backend.enqueue([Message("a", "q", b"")])
    left = disk_space.DISK + 1000
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(total=10**9, free=left))
    with pytest.raises(BackendFull, match=f"its disk {left:,}, of which 8,388,608 are kept"):
        await backend.enqueue([Message("large", "q", bytes(5000))])
    (held,) = await backend.reserve(["q"], limit=1, lease=60_000)
    assert await backend.settle([Done(held.token)]) == [Settled()]
    monkeypatch.undo()
    (outcome,) = await backend.enqueue([Message("large", "q", bytes(5000))])
    assert isinstance(outcome, Accepted)
