"""The inline backend: jobs wait in the memory of this process, and end with it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import msgspec

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
from jobkit.backends.inline.state import Position
from jobkit.backends.inline.store import Store
from jobkit.clock import Clock, ManualClock, SystemClock
from jobkit.errors import Closed, InvalidArgument
from jobkit.forks import Forkable, track
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

CAPABILITIES: Final = Capabilities(
    delay=True,
    priority=(0, 9),
    keys=True,
    remember=True,
    dead_letters=True,
    cancel=True,
    inspect=True,
    wait=True,
    pause=True,
    checkpoints=True,
    cells=True,
    results=False,
    fifo=True,
    durable=None,
    shared=False,
    max_body=1 << 20,
    max_batch=1_000,
    max_batch_bytes=8 << 20,
    slice=1_000,
    timeout=1_000,
    repeat_window=0,
    slack=50,
    resolution=1,
    retention=None,
    connections=0,
)


class Memory(Forkable):
    """A store, the lock around each of its steps, and those who wait for something to change in it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.store = Store()
        self.waiting: dict[Waiter, None] = {}  # whoever waits longest first
        track(self)

    def before_fork(self) -> None:
        """Wait for the step of another thread, or the child would have half of it."""
        self.lock.acquire()

    def after_fork_in_parent(self) -> None:
        self.lock.release()

    def after_fork_in_child(self) -> None:
        self.lock = threading.Lock()
        self.waiting = {}

    def wake(self) -> None:
        """Let everybody who waits look again."""
        for waiter in tuple(self.waiting):
            waiter.wake()


class Waiter:
    """One reserve that waits, on its own loop; woken from any thread."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._event = asyncio.Event()

    def wake(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._event.set)
        except RuntimeError:
            return  # its loop is closed: nobody waits there any more

    async def rest(self, milliseconds: int | None) -> None:
        """Until woken, or until the time is over."""
        try:
            async with asyncio.timeout(None if milliseconds is None else milliseconds / 1000):
                await self._event.wait()
        except TimeoutError:
            return
        self._event.clear()


class NamedMemories(Forkable):
    """The memories of this process by name. A forked child begins without any, or both would perform the jobs."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Memory] = {}
        track(self)

    def __len__(self) -> int:
        return len(self._found)

    def find(self, name: str, namespace: str) -> Memory:
        """Return the memory of that name."""
        found = self._found.get((name, namespace))
        return found or self._found.setdefault((name, namespace), Memory())

    def forget(self, memory: Memory) -> None:
        """Begin with another one when the name is asked for again."""
        for key in [key for key, found in self._found.items() if found is memory]:
            del self._found[key]

    def after_fork_in_child(self) -> None:
        self._found = {}


_memories = NamedMemories()


def memory(name: str, namespace: str) -> Memory:
    """Return the memory of this process under a name."""
    return _memories.find(name, namespace)


def factory(url: str | None, namespace: str, clock: Clock | None) -> InlineBackend:
    """``inline:`` and ``inline:NAME``: the same name in the same process is the same memory."""
    check_name("namespace", namespace)
    name = (url or "inline:").partition(":")[2].partition("?")[0]
    return InlineBackend(memory(name, namespace), clock)


class InlineBackend(Backend):
    """A client onto a memory; any number of them, in any thread, share it."""

    def __init__(self, memory: Memory | None = None, clock: Clock | None = None) -> None:
        self.memory = memory or Memory()
        self._clock = clock or SystemClock()
        self._closed = False

    @property
    def capabilities(self) -> Capabilities:
        return CAPABILITIES

    async def enqueue(self, messages: Sequence[Message]) -> list[EnqueueOutcome]:
        return self._enqueue(messages)

    def _enqueue(self, messages: Sequence[Message]) -> list[EnqueueOutcome]:
        check_messages(messages, self.capabilities)
        kept = [_own(message) for message in messages]
        return self._change(lambda store, now: store.enqueue(now, kept))

    async def reserve(self, queues: Sequence[str], *, limit: int, lease: int, wait: int = 0) -> list[Delivery]:
        check_reserve(queues, limit, lease, wait, self.capabilities)
        deliveries, now, _ = self._take(queues, limit, lease)
        if deliveries or not wait:
            return deliveries
        return await self._await(queues, limit, lease, now + wait)

    def _take(self, queues: Sequence[str], limit: int, lease: int) -> tuple[list[Delivery], int, int | None]:
        with self.memory.lock:
            now = self._begin()
            deliveries = [_handed(delivery) for delivery in self.memory.store.reserve(now, queues, limit, lease)]
            return deliveries, now, self.memory.store.next_due(queues)

    async def _await(self, queues: Sequence[str], limit: int, lease: int, deadline: int) -> list[Delivery]:
        waiter = Waiter()
        self.memory.waiting[waiter] = None
        unsubscribe = self._clock.subscribe(waiter.wake) if isinstance(self._clock, ManualClock) else None
        try:
            while True:
                deliveries, now, next_due = self._take(queues, limit, lease)
                if deliveries or now >= deadline:
                    return deliveries
                until = deadline if next_due is None else min(deadline, next_due)
                await waiter.rest(None if unsubscribe else until - now)
        finally:
            self.memory.waiting.pop(waiter, None)
            if unsubscribe:
                unsubscribe()

    async def settle(self, settlements: Sequence[Settlement]) -> list[SettleOutcome]:
        check_settlements(settlements, self.capabilities)
        return self._change(lambda store, now: store.settle(now, settlements))

    async def extend(self, extensions: Sequence[Extension]) -> list[ExtendOutcome]:
        check_extensions(extensions, self.capabilities)
        return self._change(lambda store, now: store.extend(now, extensions))

    async def cancel(self, ids: Sequence[str]) -> list[CancelOutcome]:
        check_ids(ids, self.capabilities)
        return self._change(lambda store, now: store.cancel(now, ids))

    async def requeue(self, ids: Sequence[str]) -> list[RequeueOutcome]:
        check_ids(ids, self.capabilities)
        return self._change(lambda store, now: store.requeue(now, ids))

    async def delete(self, ids: Sequence[str]) -> list[DeleteOutcome]:
        check_ids(ids, self.capabilities)
        return self._change(lambda store, now: store.delete(ids))

    async def purge(self, queue: str, state: State, limit: int) -> int:
        check_name("queue", queue)
        if state is State.LEASED:
            raise InvalidArgument("leased jobs can't be purged: cancel or delete them by id")
        if type(limit) is not int or not 0 <= limit <= self.capabilities.slice:
            raise InvalidArgument(f"limit is 0 to {self.capabilities.slice} here, not {limit!r}")
        return self._change(lambda store, now: store.purge(now, queue, state, limit))

    async def get(self, ids: Sequence[str]) -> list[Stored | NotFound]:
        check_ids(ids, self.capabilities)
        found = self._look(lambda store, now: store.get(now, ids))
        return [_shown(job) if isinstance(job, Stored) else job for job in found]

    async def queues(self) -> list[str]:
        return self._look(lambda store, now: store.queues())

    async def counts(self, queue: str) -> Counts:
        check_name("queue", queue)
        return self._look(lambda store, now: store.counts(now, queue))

    async def peek(self, queue: str, state: State, cursor: str | None = None) -> Page:
        check_name("queue", queue)
        place = _read_cursor(cursor)
        jobs, last = self._look(lambda store, now: store.peek(now, queue, state, place))
        return Page([_shown(job) for job in jobs], cursor=None if last is None else _write_cursor(last))

    async def pause(self, queue: str) -> None:
        check_name("queue", queue)
        self._change(lambda store, now: store.pause(queue))

    async def resume(self, queue: str) -> None:
        check_name("queue", queue)
        self._change(lambda store, now: store.resume(queue))

    async def cell_get(self, name: str) -> tuple[bytes, int] | None:
        check_name("cell", name)
        return self._look(lambda store, now: store.cells.get(name))

    async def cell_set(self, name: str, value: bytes, expected_version: int) -> int | None:
        check_cell(name, value, expected_version, self.capabilities)
        return self._look(lambda store, now: store.cells.set(name, value, expected_version))

    async def wipe(self) -> None:
        """Forget the memory, and that there was one of its name."""
        with self.memory.lock:
            self.memory.store = Store()
        _memories.forget(self.memory)

    async def close(self) -> None:
        self._close()

    def _close(self) -> None:
        self._closed = True
        self.memory.wake()

    def blocking(self) -> InlineBlocking:
        return InlineBlocking(self._enqueue, self._close)

    def _change(self, step: Callable[[Store, int], T]) -> T:
        outcome = self._look(step)
        self.memory.wake()
        return outcome

    def _look(self, step: Callable[[Store, int], T]) -> T:
        with self.memory.lock:
            return step(self.memory.store, self._begin())

    def _begin(self) -> int:
        if self._closed:
            raise Closed("this inline backend is closed")
        return self.memory.store.begin(self._clock.now_ms())


class InlineBlocking:
    """The same client for callers without an event loop: nothing here ever waits."""

    def __init__(self, enqueue: Callable[[Sequence[Message]], list[EnqueueOutcome]], close: Callable[[], None]) -> None:
        self.enqueue = enqueue
        self.close = close


def _own(message: Message) -> Message:
    """A message that nobody else can change."""
    return msgspec.structs.replace(message, headers=dict(message.headers))


def _handed(delivery: Delivery) -> Delivery:
    return msgspec.structs.replace(delivery, message=_own(delivery.message))


def _shown(job: Stored) -> Stored:
    return msgspec.structs.replace(job, message=_own(job.message))


_PLACES: Final[msgspec.json.Decoder[Position]] = msgspec.json.Decoder(Position)


def _write_cursor(place: Position) -> str:
    return msgspec.json.encode(place).decode()


def _read_cursor(cursor: str | None) -> Position | None:
    if cursor is None:
        return None
    try:
        return _PLACES.decode(cursor)
    except (msgspec.DecodeError, UnicodeEncodeError):
        raise InvalidArgument("this cursor is not of this backend's making") from None
