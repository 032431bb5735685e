"""A file for each test, and clients of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

from jobkit.backends.sqlite import SqliteBackend, factory
from jobkit.clock import Clock
from jobkit.connections import resolver
from tests.backends.sqlite.clients import Open


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "jobs.db"


@pytest.fixture
def url(path: Path) -> str:
    return f"sqlite:///{quote(str(path))}"


@pytest.fixture
async def clients(url: str) -> AsyncIterator[Open]:
    """Opens clients of this test's file, each with its own connection."""
    opened: list[SqliteBackend] = []

    def make(clock: Clock | None = None, namespace: str = "test", **options: object) -> SqliteBackend:
        backend = factory(f"{url}?{urlencode(options)}" if options else url, namespace, clock)
        opened.append(backend)
        return backend

    yield make
    for backend in opened:
        await backend.close()


@pytest.fixture
def backend(clients: Open) -> SqliteBackend:
    return clients()


@pytest.fixture(autouse=True)
def own_backends() -> Iterator[None]:
    """Apps keep their jobs where they say, and not where the test run says."""
    restore = resolver.override_backends(None)
    yield
    restore()
