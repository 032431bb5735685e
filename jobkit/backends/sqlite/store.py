"""The file, and one connection to it: every verb is one step, and one transaction. Blocks; any thread may call."""

from __future__ import annotations

import sqlite3
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from jobkit.backends.sqlite import disk_space, notifier
from jobkit.backends.sqlite.connection import connect, identity, identity_or_none
from jobkit.backends.sqlite.errors import PASSING, error_code, translate
from jobkit.backends.sqlite.settings import Settings
from jobkit.backends.sqlite.transaction import Transaction
from jobkit.clock import Clock
from jobkit.errors import BackendFull, BackendUnavailable, Closed
from jobkit.forks import Forkable, track

T = TypeVar("T")


class Store(Forkable):
    """Opens on first use, and again after a fault. One step at a time; the others wait for its end."""

    def __init__(self, settings: Settings, namespace: str, clock: Clock | None) -> None:
        self.settings = settings
        self.place = settings.path, namespace
        self._namespace = namespace
        self._clock = clock
        self._slice = settings.capabilities.slice
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._opened: tuple[int, int] | None = None
        """Which file it was, when it was opened last."""
        self._times = 0
        """How often it was opened: each connection has versions of its own."""
        self._pages: int | None = None
        self._closed = False
        track(self)

    @property
    def connected(self) -> bool:
        return self._connection is not None

    def wall(self) -> int:
        """The time outside of the store, which may run backwards; a step has the store's own."""
        return time.time_ns() // 1_000_000 if self._clock is None else self._clock.now_ms()

    # Steps.

    def write(self, work: Callable[[Transaction], T], until: float | None = None) -> T:
        """One transaction that changes something, in a full file too: the room for it is kept."""
        try:
            return self._step(work, "BEGIN IMMEDIATE", until)
        except BackendFull:
            # What is in the log goes into the file, so that the log begins anew in the room that it has.
            return self._step(work, "BEGIN IMMEDIATE", until, spare=True)

    def fill(self, work: Callable[[Transaction], T], size: int, until: float | None = None) -> T:
        """One transaction that brings so many bytes; `BackendFull` when what runs would have no room to end then."""

        def filling(step: Transaction) -> T:
            self._make_sure_of_room(step, size)
            return work(step)

        return self._step(filling, "BEGIN IMMEDIATE", until)

    def read(self, work: Callable[[Transaction], T], until: float | None = None) -> T:
        """One view of what is committed, which keeps nobody from writing."""
        return self._step(work, "BEGIN", until)

    def version(self, until: float | None = None) -> tuple[int, int]:
        """Something that changes whenever another connection commits."""
        with self._lock:
            connection = self._ready(until)
            try:
                return self._times, connection.execute("PRAGMA data_version").fetchone()[0]
            except sqlite3.Error as error:
                self._disconnect()
                raise translate(error, self.settings.path) from error

    def _step(self, work: Callable[[Transaction], T], begin: str, until: float | None, *, spare: bool = False) -> T:
        with self._lock:
            connection = self._ready(until)
            try:
                if spare:
                    connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()
                connection.execute(begin)
                if spare:
                    disk_space.release_space(connection.execute)
                writes = begin != "BEGIN"
                step = Transaction(connection, self._namespace, self.wall(), self._slice, writes=writes)
                answer = work(step)
                connection.execute("COMMIT")
            except sqlite3.Error as error:
                self._roll_back(connection, error)
                raise translate(error, self.settings.path) from error
            except BaseException:
                self._roll_back(connection, None)
                raise
        notifier.ring(self.place, step.rung)
        return answer

    def _roll_back(self, connection: sqlite3.Connection, error: sqlite3.Error | None) -> None:
        """Nothing of the step is left; the connection goes too where it can't be trusted any more."""
        if error is not None and error_code(error) not in PASSING:
            self._disconnect()
            return
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        except sqlite3.Error:
            self._disconnect()  # which rolls back as well

    def _make_sure_of_room(self, step: Transaction, size: int) -> None:
        given_up = disk_space.is_released(step.execute)
        disk_space.check(step.execute, self.settings.path, size, given_up=given_up)
        if given_up:
            disk_space.reserve_space(step.execute)

    # The connection.

    def _ready(self, until: float | None) -> sqlite3.Connection:
        """The connection, which waits for others until then; on the monotonic clock, as is all that is waited for."""
        if self._closed:
            raise Closed("this backend was closed")
        latest = time.monotonic() + self.settings.timeout / 1000 if until is None else until
        left = latest - time.monotonic()
        if left <= 0:
            late = TimeoutError(f"{self.settings.timeout} ms were over before it was this call's turn")
            raise BackendUnavailable(f"{self.settings.path} is busy with other calls of this process") from late
        try:
            self._see_that_it_is_there()
            if self._connection is None:
                self._connection = self._connect(latest)
            # In steps of 10 ms: each text is a statement of its own, and only so many are kept prepared.
            self._connection.execute(f"PRAGMA busy_timeout = {int(left * 100) * 10}")
        except sqlite3.Error as error:
            self._disconnect()
            raise translate(error, self.settings.path) from error
        return self._connection

    def _see_that_it_is_there(self) -> None:
        """A removed file can still be written to, by whoever has it open; all of that is lost."""
        if self._opened is None:
            return
        try:
            if identity(self.settings.path) != self._opened:
                self._disconnect()
        except OSError as error:
            self._disconnect()
            raise BackendUnavailable(f"{self.settings.path} was there, and is gone") from error

    def _connect(self, until: float) -> sqlite3.Connection:
        connection, self._opened = self._connect_to_one_file(until)
        if self._pages is not None:
            connection.execute(f"PRAGMA max_page_count = {self._pages}")
        self._times += 1
        # A store that nobody closed lets go of its file when it is forgotten, as files do.
        self._forgotten = weakref.finalize(self, connection.close)
        self._forgotten.atexit = False
        return connection

    def _connect_to_one_file(self, until: float) -> tuple[sqlite3.Connection, tuple[int, int]]:
        """Return a connection, and which file it is to: the one that lay there before and after.

        A file that somebody removes or replaces in between would else be taken for the one that is open.
        """
        while True:
            before = identity_or_none(self.settings.path)
            connection = connect(self.settings, create=self._opened is None, until=until)
            if before is not None and before == identity_or_none(self.settings.path):
                return connection, before
            connection.close()
            if time.monotonic() > until:
                raise BackendUnavailable(f"{self.settings.path} is replaced again and again by other programs")

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self._forgotten.detach()
            with suppress(sqlite3.Error):  # what it could not write is not committed
                connection.close()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._disconnect()

    # What is done to a store from outside: by the harness, and around a fork.

    def cut(self) -> None:
        """End the connection, in the middle of a step if there is one; the next step opens another."""
        connection = self._connection
        if connection is not None:
            with suppress(sqlite3.ProgrammingError):  # closed meanwhile
                connection.interrupt()
        with self._lock:
            self._disconnect()

    def limit(self, pages: int) -> None:
        """Let the file have at most so many pages from now on, or as many as it has."""
        with self._lock:
            self._pages = pages
            if self._connection is not None:
                self._connection.execute(f"PRAGMA max_page_count = {pages}")

    def pause(self) -> None:
        """Begin no step until `let_go`; the one that runs ends first."""
        self._lock.acquire()

    def hang_up(self) -> None:
        """Let go of the file while paused."""
        self._disconnect()

    def let_go(self) -> None:
        self._lock.release()

    def before_fork(self) -> None:
        """Close the file. SQLite's locks belong to the process: a child with the connection would rely on them."""
        self.pause()
        self.hang_up()

    def after_fork_in_parent(self) -> None:
        self.let_go()

    def after_fork_in_child(self) -> None:
        self._lock = threading.Lock()
