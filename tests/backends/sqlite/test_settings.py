"""What a URL may say."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jobkit.backends.sqlite import SqliteBackend, factory
from jobkit.backends.sqlite.settings import read
from jobkit.connections import resolver
from jobkit.errors import ConfigurationError
from tests.backends.sqlite.clients import Open


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:////var/lib/jobs.db", "/var/lib/jobs.db"),
        ("sqlite:///jobs.db", "HERE/jobs.db"),
        ("sqlite:///some/where/jobs.db", "HERE/some/where/jobs.db"),
        ("sqlite:jobs.db", "HERE/jobs.db"),
        ("sqlite:/var/lib/jobs.db", "/var/lib/jobs.db"),
        ("sqlite:////a%20b/c%3Fd%25.db", "/a b/c?d%.db"),
    ],
)
def test_a_path_is_relative_or_absolute(url: str, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = read(url)
    os.chdir("/")
    assert settings.path == path.replace("HERE", str(tmp_path))


def test_options_change_what_is_claimed() -> None:
    claims = read("sqlite:///x.db?durable=process&slack=50&timeout=1500").capabilities
    assert (claims.durable, claims.slack, claims.timeout) == ("process", 50, 1500)
    claims = read("sqlite:///x.db").capabilities
    assert (claims.durable, claims.shared, claims.repeat_window) == ("fsync", True, 0)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("sqlite::memory:", "use inline:"),
        ("sqlite://:memory:", "use inline:"),
        ("sqlite:///:memory:", "use inline:"),
        ("sqlite:", "names no file: sqlite:///jobs.db is"),
        ("sqlite://", "names no file"),
        ("sqlite:////var/lib/", "names no file"),
        ("sqlite://server/jobs.db", "names a host, 'server', and SQLite has none"),
        ("sqlite:///a%00b", "has a NUL"),
        ("sqlite:///x.db?durable=replicated", "durable is one of process, fsync, not 'replicated'"),
        ("sqlite:///x.db?slack=0", "slack is 1 to 3,600,000 milliseconds, not '0'"),
        ("sqlite:///x.db?timeout=1.5", "timeout is 1 to 3,600,000 milliseconds, not '1.5'"),
        ("sqlite:///x.db?mode=ro", "no option 'mode'; there are durable, slack, timeout"),
    ],
)
def test_what_can_t_be_meant_is_an_error_that_helps(url: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        read(url)
    assert said in str(raised.value)


def test_nothing_is_opened_before_the_first_use(path: Path, url: str) -> None:
    assert isinstance(factory(url, "test", None), SqliteBackend)
    assert not path.exists()


def test_the_namespace_of_a_url_is_not_an_option_of_the_file(url: str) -> None:
    backend = resolver.find(f"{url}?namespace=mine&slack=70", "other").open()
    assert isinstance(backend, SqliteBackend)
    assert (backend.namespace, backend.settings.slack) == ("mine", 70)


@pytest.mark.parametrize(("durable", "level"), [("fsync", 2), ("process", 1)])
async def test_the_log_is_synced_as_claimed(clients: Open, durable: str, level: int) -> None:
    """2 is FULL: SQLite syncs the log before a commit returns. 1 is NORMAL: it does so when the log is emptied."""
    backend = clients(durable=durable)
    await backend.describe()
    connection = backend.store._connection
    assert connection is not None
    asked = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
    assert asked == ["wal", level]
