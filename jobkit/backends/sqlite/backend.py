"""The backend: checks, then one step on the client's own thread."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from jobkit.backend import (
    Backend,
    CancelOutcome,
    Capabilities,
    Counts,
    DeleteOutcome,
    Delivery,
    EnqueueOutcome,
    ExtendOutcome,
    Extension,
    Message,
    NotFound,
    Page,
    RequeueOutcome,
    Settlement,
    SettleOutcome,
    Stored,
)
from jobkit.backends.sqlite import admin_commands, commands, pause_commands, queries
from jobkit.backends.sqlite.blocking import BlockingSqlite
from jobkit.backends.sqlite.db_thread import StoreThread
from jobkit.backends.sqlite.reserve import Reserver
from jobkit.backends.sqlite.settings import Settings
from jobkit.backends.sqlite.store import Store
from jobkit.backends.sqlite.transaction import Transaction
from jobkit.clock import Clock
from jobkit.errors import Closed, InvalidArgument
from jobkit.lifecycle import State
from jobkit.validation import (
    check_cell,
    check_extensions,
    check_ids,
    check_messages,
    check_name,
    check_reserve,
    check_settlements,
)

T = TypeVar("T")

WIPED: Final = 20_000
"""Jobs that go in one step when a namespace is wiped; nobody waits longer for it than for any other step."""


class SqliteBackend(Backend):
    """Jobs in one file, which any number of processes on this machine may share.

    ``clock``: take the time from it; without one it is the host's, and never runs backwards in a namespace.
    """

    def __init__(
        self,
        settings: Settings,
        namespace: str,
        clock: Clock | None = None,
        thread: Callable[[Store], StoreThread] = StoreThread,
    ) -> None:
        check_name("namespace", namespace)
        self.settings = settings
        self._capabilities = settings.capabilities
        self.namespace = namespace
        self.store = Store(settings, namespace, clock)
        self.thread = thread(self.store)
        self.reserving = Reserver(self.store, self.thread, clock)
        self._clock = clock
        self._closed = False

    def __repr__(self) -> str:
        return f"SqliteBackend({self.settings.path!r}, namespace={self.namespace!r})"

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    # The verbs of every backend.

    async def enqueue(self, messages: Sequence[Message]) -> list[EnqueueOutcome]:
        self._check_open()
        check_messages(messages, self.capabilities)
        batch = list(messages)
        if not batch:
            return []
        size = commands.size_of(batch)
        return await self.thread.run(
            lambda until: self.store.fill(lambda step: commands.enqueue(step, batch), size, until)
        )

    async def reserve(self, queues: Sequence[str], *, limit: int, lease: int, wait: int = 0) -> list[Delivery]:
        self._check_open()
        check_reserve(queues, limit, lease, wait, self.capabilities)
        return await self.reserving.reserve(list(queues), limit, lease, wait / 1000)

    async def settle(self, settlements: Sequence[Settlement]) -> list[SettleOutcome]:
        self._check_open()
        check_settlements(settlements, self.capabilities)
        items = list(settlements)
        return await self._write(lambda step: commands.settle(step, items)) if items else []

    async def extend(self, extensions: Sequence[Extension]) -> list[ExtendOutcome]:
        self._check_open()
        check_extensions(extensions, self.capabilities)
        items = list(extensions)
        return await self._write(lambda step: commands.extend(step, items)) if items else []

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self.reserving.end()
        await self.thread.end()

    # By id.

    async def cancel(self, ids: Sequence[str]) -> list[CancelOutcome]:
        return await self._write_by_id(ids, admin_commands.cancel)

    async def requeue(self, ids: Sequence[str]) -> list[RequeueOutcome]:
        return await self._write_by_id(ids, admin_commands.requeue)

    async def delete(self, ids: Sequence[str]) -> list[DeleteOutcome]:
        return await self._write_by_id(ids, admin_commands.delete)

    async def get(self, ids: Sequence[str]) -> list[Stored | NotFound]:
        self._check_open()
        check_ids(ids, self.capabilities)
        wanted = list(ids)
        return await self._read(lambda step: admin_commands.get(step, wanted))

    # Looking.

    async def counts(self, queue: str) -> Counts:
        self._check_open()
        check_name("queue", queue)
        return await self._read(lambda step: queries.counts(step, queue))

    async def queues(self) -> list[str]:
        self._check_open()
        return await self._read(queries.queues)

    async def peek(self, queue: str, state: State, cursor: str | None = None) -> Page:
        self._check_open()
        check_name("queue", queue)
        seen = _state(state)
        after = queries.read_cursor(cursor)
        return await self._read(lambda step: queries.peek(step, queue, seen, after))

    async def purge(self, queue: str, state: State, limit: int) -> int:
        self._check_open()
        check_name("queue", queue)
        seen = _state(state)
        if seen is State.LEASED:
            raise InvalidArgument("leased jobs can't be purged: a worker has them; cancel or delete them by id")
        if type(limit) is not int or not 0 <= limit <= self.capabilities.slice:
            raise InvalidArgument(f"limit is 0 to {self.capabilities.slice} here, not {limit!r}")
        return await self._write(lambda step: queries.purge(step, queue, seen, limit))

    # Switches.

    async def pause(self, queue: str) -> None:
        self._check_open()
        check_name("queue", queue)
        await self._write(lambda step: pause_commands.pause(step, queue))

    async def resume(self, queue: str) -> None:
        self._check_open()
        check_name("queue", queue)
        await self._write(lambda step: pause_commands.resume(step, queue))

    async def cell_get(self, name: str) -> tuple[bytes, int] | None:
        self._check_open()
        check_name("cell", name)
        return await self._read(lambda step: pause_commands.cell_get(step, name))

    async def cell_set(self, name: str, value: bytes, expected_version: int) -> int | None:
        self._check_open()
        check_cell(name, value, expected_version, self.capabilities)
        return await self.thread.run(
            lambda until: self.store.fill(
                lambda step: pause_commands.cell_set(step, name, value, expected_version), len(value), until
            )
        )

    # Beside the verbs.

    def blocking(self) -> BlockingSqlite:
        """The same file and namespace, for callers without an event loop."""
        return BlockingSqlite(Store(self.settings, self.namespace, self._clock))

    async def wipe(self) -> None:
        """Forget everything that was ever stored here; the namespace is as if it had never been used."""
        self._check_open()
        while not await self._write(lambda step: pause_commands.wipe(step, WIPED)):
            continue

    async def describe(self) -> str:
        """Which version of SQLite, which file; opens it to see that it can be used."""
        self._check_open()
        await self._read(lambda _: None)
        return f"SQLite {sqlite3.sqlite_version}, {self.settings.path}"

    # How.

    def _check_open(self) -> None:
        if self._closed:
            raise Closed("this backend was closed")

    async def _write(self, work: Callable[[Transaction], T]) -> T:
        return await self.thread.run(lambda until: self.store.write(work, until))

    async def _read(self, work: Callable[[Transaction], T]) -> T:
        return await self.thread.run(lambda until: self.store.read(work, until))

    async def _write_by_id(self, ids: Sequence[str], work: Callable[[Transaction, Sequence[str]], list[T]]) -> list[T]:
        self._check_open()
        check_ids(ids, self.capabilities)
        wanted = list(ids)
        return await self._write(lambda step: work(step, wanted)) if wanted else []


def _state(state: State) -> State:
    try:
        return State(state)
    except ValueError:
        known = ", ".join(each.value for each in State)
        raise InvalidArgument(f"a state is one of {known}, not {state!r}") from None
