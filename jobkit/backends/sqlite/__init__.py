"""The SQLite backend: durable in one file, shared between the processes of one machine, no server to run."""

from __future__ import annotations

from jobkit.backends.sqlite.backend import SqliteBackend
from jobkit.backends.sqlite.settings import read
from jobkit.clock import Clock

__all__ = ["SqliteBackend", "factory"]


def factory(url: str | None, namespace: str, clock: Clock | None) -> SqliteBackend:
    """A client of the file at a URL; nothing is opened before its first use."""
    return SqliteBackend(read(url or "sqlite:"), namespace, clock)
