"""How the SQLite backend presents itself to the conformance kit: on a private file, or on one that is named."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import time
import weakref
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar, Final, Literal
from urllib.parse import quote

from jobkit.backends.sqlite.backend import WIPED, SqliteBackend
from jobkit.backends.sqlite.connection import connect
from jobkit.backends.sqlite.pause_commands import wipe
from jobkit.backends.sqlite.settings import read
from jobkit.backends.sqlite.store import Store
from jobkit.clock import Clock
from jobkit.testing.sqlite.simulated import SimulatedThread, Wire
from jobkit_conformance import BackendHarness

OWN_FILE_ONLY: Final = frozenset({"restart", "kill", "fill"})
"""What is done to a file that nobody else uses."""
PATIENCE: Final = 5.0
"""Seconds that the harness waits for those who have the file locked."""
ROOM: Final = 1 << 30
"""Bytes that a run may need."""
ENDLESS: Final = 2**30
"""Pages; SQLite's own limit is beyond that."""


def _in_memory() -> str | None:
    """Where files are in memory, if there is room: nobody cuts the power here, so waiting for a disk proves nothing."""
    folder = "/dev/shm"  # noqa: S108 - a private folder is made in it
    if not os.access(folder, os.W_OK | os.X_OK) or shutil.disk_usage(folder).free < ROOM:
        return None
    return folder


class Harness(BackendHarness):
    """The store has no process of its own, so what ends in a crash is every client of this one.

    Killed, a file lies as the end of a process would leave it: with what is committed still in its log, and the
    folder is not where it was. The tests of the backend kill real processes.
    """

    clock_mode: ClassVar[Literal["frozen", "offset", "real"]] = "frozen"
    worker_counts = True

    def __init__(self, url: str | None = None) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="jobkit-sqlite-", dir=_in_memory())) if url is None else None
        self.settings = read(url or f"sqlite:///{quote(str(self._store / 'jobs.db'))}")
        self._clients: weakref.WeakSet[SqliteBackend] = weakref.WeakSet()
        self._pages: int | None = None
        self._away = False
        if url is None:
            self._store.mkdir()

    async def open(self, namespace: str, clock: Clock | None) -> SqliteBackend:
        backend = SqliteBackend(self.settings, namespace, clock)
        if self._pages is not None:
            backend.store.limit(self._pages)
        self._clients.add(backend)
        return backend

    async def wipe(self, namespace: str) -> None:
        """Without a thread: within a simulation there is no time in which one could answer."""
        store = Store(self.settings, namespace, None)
        try:
            while not store.write(lambda step: wipe(step, WIPED)):
                continue
        finally:
            store.close()

    def close(self) -> None:
        if self._folder is not None:
            for client in self._clients:
                client.store.close()
            shutil.rmtree(self._folder)

    def describe(self) -> str:
        return f"SQLite {sqlite3.sqlite_version}, durable={self.settings.durable}"

    def offers(self, hook: str) -> bool:
        return super().offers(hook) and (self._folder is not None or hook not in OWN_FILE_ONLY)

    # Hooks.

    def store_url(self) -> str:
        return f"sqlite:///{quote(self.settings.path)}?durable={self.settings.durable}&slack={self.settings.slack}"

    async def kill(self) -> None:
        """The files are copied while every client is held, and before one says goodbye: closing empties the log."""
        if self._away:
            return
        stores = [client.store for client in self._clients]
        for store in stores:
            store.pause()
        crashed = self._own / "crashed"
        shutil.copytree(self._store, crashed, ignore=shutil.ignore_patterns("*-shm"))
        for store in stores:
            store.hang_up()
        shutil.rmtree(self._store)
        crashed.rename(self._own / "away")
        self._away = True
        for store in stores:
            store.let_go()

    async def restart(self) -> None:
        await self.kill()
        (self._own / "away").rename(self._store)
        self._away = False

    async def drop(self) -> None:
        for client in self._clients:
            client.store.cut()

    async def fill(self, full: bool) -> None:  # noqa: FBT001
        """Free pages are room too, so there are none first."""
        if full:
            with self._connection() as connection:
                connection.execute("VACUUM")
        self._pages = 1 if full else None
        for client in self._clients:
            client.store.limit(1 if full else ENDLESS)

    async def simulate(self, namespace: str, clock: Clock, wire: Wire) -> SqliteBackend:
        return SqliteBackend(self.settings, namespace, clock, thread=lambda store: SimulatedThread(store, wire))

    async def cost(self) -> float:
        """The CPU time of the threads on which the steps run."""
        threads = [client.thread.ident for client in self._clients]
        clocks = [time.pthread_getcpuclockid(ident) for ident in threads if ident is not None]
        return sum(time.clock_gettime_ns(clock) for clock in clocks) / 1_000_000

    async def footprint(self, namespace: str) -> Mapping[str, int]:
        with_jobs = "FROM jobs JOIN namespaces USING (ns) JOIN payloads USING (seq) WHERE phase < 3 AND name = ?"
        plain = {"queues": "length(queues.name) + 8", "cells": "length(cells.name) + length(value)"}
        sizes = {"jobs": f"SELECT total(length(id) + length(body) + length(headers) + 64) {with_jobs}"}
        for table, size in plain.items():
            sizes[table] = f"SELECT total({size}) FROM {table} JOIN namespaces USING (ns) WHERE namespaces.name = ?"  # noqa: S608
        orphans = "SELECT count(*) FROM payloads WHERE seq NOT IN (SELECT seq FROM jobs)"
        with self._connection() as connection:
            found = {
                table: int(connection.execute(query, (namespace,)).fetchone()[0]) for table, query in sizes.items()
            }
            return {**found, "payloads without a job": connection.execute(orphans).fetchone()[0]}

    async def connections(self) -> int:
        return sum(client.store.connected for client in self._clients)

    @contextmanager
    def _connection(self) -> Generator[sqlite3.Connection]:
        connection = connect(self.settings, create=False, until=time.monotonic() + PATIENCE)
        try:
            yield connection
        finally:
            connection.close()

    @property
    def _own(self) -> Path:
        assert self._folder is not None
        return self._folder

    @property
    def _store(self) -> Path:
        return self._own / "store"


class Offset(Harness):
    """The host's own clock, as in production, plus an offset that the kit moves."""

    clock_mode = "offset"

    def __init__(self, url: str | None = None) -> None:
        super().__init__(url)
        self._offsets: dict[str, int] = {}

    async def open(self, namespace: str, clock: Clock | None) -> SqliteBackend:
        return await super().open(namespace, _Moved(self._offsets, namespace))

    async def move(self, namespace: str, offset_ms: int) -> None:
        self._offsets[namespace] = offset_ms

    async def wipe(self, namespace: str) -> None:
        self._offsets.pop(namespace, None)
        await super().wipe(namespace)


class _Moved:
    """The host's clock, so much ahead."""

    def __init__(self, offsets: Mapping[str, int], namespace: str) -> None:
        self._offsets = offsets
        self._namespace = namespace

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000 + self._offsets.get(self._namespace, 0)
