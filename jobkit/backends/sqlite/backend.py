"""The backend: checks, then one step on the client's own thread."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from jobkit.admission import (
    check_cell,
    check_extensions,
    check_ids,
    check_messages,
    check_name,
    check_reserve,
    check_settlements,
)
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
    Page,
    Release,
    RequeueOutcome,
    Settlement,
    SettleOutcome,
    Stored,
    Unknown,
)
from jobkit.backends.sqlite import looks, moves, moves_by_id, switches
from jobkit.backends.sqlite.bells import Bell, waiting
from jobkit.backends.sqlite.blocking import BlockingSqlite
from jobkit.backends.sqlite.settings import Settings
from jobkit.backends.sqlite.step import Step
from jobkit.backends.sqlite.store import Store
from jobkit.backends.sqlite.thread import StoreThread
from jobkit.clock import Clock, ManualClock
from jobkit.errors import Closed, InvalidArgument
from jobkit.lifecycle import State

T = TypeVar("T")

NEVER: Final = float("inf")
WIPED: Final = 20_000
"""Jobs that go in one step when a namespace is wiped; nobody waits longer for it than for any other step."""


class Look:
    """What a reserve found: deliveries, or when the next is due, and as of which version of the file."""

    def __init__(self, granted: list[Delivery], next_due: int | None, version: tuple[int, int]) -> None:
        self.granted = granted
        self.next_due = next_due
        self.version = version


class SqliteBackend(Backend):
    """Jobs in one file, which any number of processes on this machine may share.

    ``clock``: take the time from it; without one it is the host's, and never runs backwards in a namespace.
    """

    def __init__(self, settings: Settings, namespace: str, clock: Clock | None = None) -> None:
        check_name("namespace", namespace)
        self.settings = settings
        self._capabilities = settings.capabilities
        self.namespace = namespace
        self.store = Store(settings, namespace, clock)
        self.thread = StoreThread(self.store)
        self._clock = clock
        self._bells: set[Bell] = set()
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
        size = moves.size_of(batch)
        return await self.thread.run(
            lambda until: self.store.fill(lambda step: moves.enqueue(step, batch), size, until)
        )

    async def reserve(self, queues: Sequence[str], *, limit: int, lease: int, wait: int = 0) -> list[Delivery]:
        self._check_open()
        check_reserve(queues, limit, lease, wait, self.capabilities)
        names = list(queues)
        if not wait:
            return (await self._look(names, limit, lease)).granted
        ends = time.monotonic() + wait / 1000
        with waiting(self.store.place, names) as bell:
            self._bells.add(bell)
            unsubscribe = self._clock.subscribe(bell.ring) if isinstance(self._clock, ManualClock) else lambda: None
            try:
                return await self._wait(bell, names, limit, lease, ends)
            finally:
                unsubscribe()
                self._bells.discard(bell)

    async def settle(self, settlements: Sequence[Settlement]) -> list[SettleOutcome]:
        self._check_open()
        check_settlements(settlements, self.capabilities)
        items = list(settlements)
        return await self._write(lambda step: moves.settle(step, items)) if items else []

    async def extend(self, extensions: Sequence[Extension]) -> list[ExtendOutcome]:
        self._check_open()
        check_extensions(extensions, self.capabilities)
        items = list(extensions)
        return await self._write(lambda step: moves.extend(step, items)) if items else []

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        for bell in self._bells:
            bell.ring()
        await self.thread.end()

    # By id.

    async def cancel(self, ids: Sequence[str]) -> list[CancelOutcome]:
        return await self._write_by_id(ids, moves_by_id.cancel)

    async def requeue(self, ids: Sequence[str]) -> list[RequeueOutcome]:
        return await self._write_by_id(ids, moves_by_id.requeue)

    async def delete(self, ids: Sequence[str]) -> list[DeleteOutcome]:
        return await self._write_by_id(ids, moves_by_id.delete)

    async def get(self, ids: Sequence[str]) -> list[Stored | Unknown]:
        self._check_open()
        check_ids(ids, self.capabilities)
        wanted = list(ids)
        return await self._read(lambda step: moves_by_id.get(step, wanted))

    # Looking.

    async def counts(self, queue: str) -> Counts:
        self._check_open()
        check_name("queue", queue)
        return await self._read(lambda step: looks.counts(step, queue))

    async def queues(self) -> list[str]:
        self._check_open()
        return await self._read(looks.queues)

    async def peek(self, queue: str, state: State, cursor: str | None = None) -> Page:
        self._check_open()
        check_name("queue", queue)
        seen = _state(state)
        after = looks.read_cursor(cursor)
        return await self._read(lambda step: looks.peek(step, queue, seen, after))

    async def purge(self, queue: str, state: State, limit: int) -> int:
        self._check_open()
        check_name("queue", queue)
        seen = _state(state)
        if seen is State.LEASED:
            raise InvalidArgument("leased jobs can't be purged: a worker has them; cancel or delete them by id")
        if type(limit) is not int or limit < 0:
            raise InvalidArgument(f"limit is a whole number from 0, not {limit!r}")
        most = min(limit, self.capabilities.slice)
        return await self._write(lambda step: looks.purge(step, queue, seen, most))

    # Switches.

    async def pause(self, queue: str) -> None:
        self._check_open()
        check_name("queue", queue)
        await self._write(lambda step: switches.pause(step, queue))

    async def resume(self, queue: str) -> None:
        self._check_open()
        check_name("queue", queue)
        await self._write(lambda step: switches.resume(step, queue))

    async def cell_get(self, name: str) -> tuple[bytes, int] | None:
        self._check_open()
        check_name("cell", name)
        return await self._read(lambda step: switches.cell_get(step, name))

    async def cell_set(self, name: str, value: bytes, expected_version: int) -> int | None:
        self._check_open()
        check_cell(name, value, expected_version, self.capabilities)
        return await self.thread.run(
            lambda until: self.store.fill(
                lambda step: switches.cell_set(step, name, value, expected_version), len(value), until
            )
        )

    # Beside the verbs.

    def blocking(self) -> BlockingSqlite:
        """The same file and namespace, for callers without an event loop."""
        return BlockingSqlite(Store(self.settings, self.namespace, self._clock))

    async def wipe(self) -> None:
        """Forget everything that was ever stored here; the namespace is as if it had never been used."""
        self._check_open()
        while not await self._write(lambda step: switches.wipe(step, WIPED)):
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

    async def _write(self, work: Callable[[Step], T]) -> T:
        return await self.thread.run(lambda until: self.store.write(work, until))

    async def _read(self, work: Callable[[Step], T]) -> T:
        return await self.thread.run(lambda until: self.store.read(work, until))

    async def _write_by_id(self, ids: Sequence[str], work: Callable[[Step, Sequence[str]], list[T]]) -> list[T]:
        self._check_open()
        check_ids(ids, self.capabilities)
        wanted = list(ids)
        return await self._write(lambda step: work(step, wanted)) if wanted else []

    async def _look(self, queues: list[str], limit: int, lease: int) -> Look:
        """Take what can be taken; looking first, so that whoever finds nothing has locked nothing."""

        def look(until: float) -> Look:
            version = self.store.version(until)
            seen, litter = self.store.read(lambda step: (moves.outlook(step, queues), step.litter()), until)
            if not (seen.due or litter):
                return Look([], seen.next_due, version)

            def take(step: Step) -> Look:
                granted = moves.reserve(step, queues, limit, lease)
                return Look(granted, None if granted else moves.outlook(step, queues).next_due, version)

            return self.store.write(take, until)

        return await self.thread.run(look, self._give_back)

    def _give_back(self, look: Look) -> None:
        if look.granted:
            releases = [Release(delivery.token) for delivery in look.granted]
            self.store.write(lambda step: moves.settle(step, releases))

    async def _wait(self, bell: Bell, queues: list[str], limit: int, lease: int, ends: float) -> list[Delivery]:
        while True:
            bell.hush()
            self._check_open()
            look = await self._look(queues, limit, lease)
            if look.granted or time.monotonic() >= ends:
                return look.granted
            await self._rest(bell, look, ends)

    async def _rest(self, bell: Bell, look: Look, ends: float) -> None:
        """Until there may be something: rung in this process, due by the clock, or committed by another process."""
        while (left := ends - time.monotonic()) > 0:
            due = NEVER if look.next_due is None else max(0, look.next_due - self.store.wall()) / 1000
            if await bell.heard(min(left, due, self.settings.poll)):
                return
            if look.next_due is not None and look.next_due <= self.store.wall():
                return
            self._check_open()
            if await self.thread.run(self.store.version) != look.version:
                return


def _state(state: State) -> State:
    try:
        return State(state)
    except ValueError:
        known = ", ".join(each.value for each in State)
        raise InvalidArgument(f"a state is one of {known}, not {state!r}") from None
