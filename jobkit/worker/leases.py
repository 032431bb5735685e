"""Keeps leases alive from a thread of its own, with a client of its own: a job may block the event loop for as long
as it likes.

A lease is counted from before the call that granted or extended it was sent, on this process' monotonic clock.
"""

from __future__ import annotations

import asyncio
import logging
import math
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import Enum

from jobkit.backend import Backend, CancelRequested, Extended, ExtendOutcome, Extension, LeaseExpired, Stale
from jobkit.connections.resolver import BackendSource
from jobkit.errors import BackendUnavailable, Closed
from jobkit.worker.runtime import Runtime

log = logging.getLogger("jobkit.worker")


_NO_LIMITS: Mapping[str, float] = {}


class LeaseEvent(Enum):
    """What the keeper learns of a lease."""

    CANCELLED = "cancelled"
    """Somebody cancelled the job; the lease is kept."""

    RAN_OUT = "ran out"
    """The lease ended before it could be extended. If nobody took the job meanwhile, its settle still counts."""

    LOST = "lost"
    """The job is somebody else's now, or nobody's."""


@dataclass(slots=True)
class Lease:
    token: str
    until: float
    """On the monotonic clock."""
    limit: float = math.inf
    """When the job has run for as long as it may, on the monotonic clock: no extension is sent from then on."""
    told: LeaseEvent | None = None
    checkpoint: Checkpoint | None = None


@dataclass(slots=True)
class Checkpoint:
    """What the next extension of a lease carries, and who wait for that."""

    body: bytes
    waiting: list[Future[bool]] = field(default_factory=list[Future[bool]])

    def answer(self, *, stored: bool) -> None:
        for future in self.waiting:
            future.set_result(stored)


class LeaseKeeper:
    """Extends what it is told to hold, once a third of the lease has passed, in batches.

    ``tell`` is called in the keeper's thread, once for each piece of news of a token. The thread begins with the first
    lease; who has a keeper awaits `watch` from then on.
    """

    def __init__(
        self, source: BackendSource, lease_ms: int, tell: Callable[[str, LeaseEvent], None], host: Runtime
    ) -> None:
        self._source = source
        self._lease_ms = lease_ms
        self._tell = tell
        self._host = host
        self._held: dict[str, Lease] = {}
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake: asyncio.Event | None = None
        self._next_check = 0.0
        """When the thread looks at its leases again by itself, on the monotonic clock."""
        self._closing = threading.Event()
        self._disconnected = False
        """The last extension got no answer."""
        self._ended: Future[None] | None = None
        """Of the thread; None before there is one."""

    def track(self, tokens: Sequence[str], granted_at: float, limits: Mapping[str, float] = _NO_LIMITS) -> None:
        """Keep these leases, granted by a call that was sent at this monotonic instant.

        ``limits``: by token, for how many seconds from now on at most, or from when its job begins. What a machine
        raises that has no thread for the keeper is raised here, and none of these is kept then.
        """
        until, now = granted_at + self._lease_ms / 1000, self._host.monotonic()
        with self._lock:
            self._start()  # first: a machine that has no thread leaves nothing that nobody keeps
            for token in tokens:
                self._held[token] = Lease(token, until, now + limits.get(token, math.inf))
            too_late = self._next_check > until - 2 * self._third
        if too_late:  # else it comes by in time: to wake a thread for each batch costs more than some batches
            self._wake_up()

    def _start(self) -> None:
        if self._ended is None:
            self._ended = self._host.run_in_thread(self._keep)

    async def watch(self) -> None:
        """Wait until the thread has ended, and raise the error that ended it. Without one, start it first.

        It ends without an error once the keeper, or its client, was closed.
        """
        with self._lock:
            self._start()
            ended = self._ended
        assert ended is not None
        try:
            await asyncio.shield(asyncio.wrap_future(ended))
        except Exception:
            with self._lock:
                self._ended = None
            raise

    def job_started(self, token: str, limit: float) -> None:
        """The job begins now, and may run for so many seconds; one that never begins is kept no longer than that."""
        with self._lock:
            if (lease := self._held.get(token)) is not None:
                lease.limit = self._host.monotonic() + limit

    def checkpoint(self, token: str, body: bytes) -> Future[bool]:
        """Extend this lease now, and let the extension say where its job is; whether that is stored.

        While the backend does not answer it is tried again, until the lease is over. Of several at once the latest one
        is stored, which answers them all. Past the job's limit the answer comes once the job is dropped.
        """
        stored: Future[bool] = Future()
        stored.set_running_or_notify_cancel()  # who asks may go away; that takes nothing back
        with self._lock:
            lease = None if self._closing.is_set() else self._held.get(token)
            if lease is not None:
                earlier = lease.checkpoint.waiting if lease.checkpoint else []
                lease.checkpoint = Checkpoint(body, [*earlier, stored])
        if lease is None:
            stored.set_result(False)
        self._wake_up()
        return stored

    def untrack(self, tokens: Sequence[str]) -> None:
        """Keep these no longer."""
        with self._lock:
            leases = [lease for token in tokens if (lease := self._held.pop(token, None)) is not None]
            unstored = [lease.checkpoint for lease in leases if lease.checkpoint is not None]
        for checkpoint in unstored:
            checkpoint.answer(stored=False)

    async def close(self) -> None:
        """Keep nothing any longer, and wait for the thread to end."""
        self.begin_close()
        if self._ended is not None:
            await asyncio.wait([asyncio.wrap_future(self._ended)])
        self.untrack(tuple(self._held))

    def begin_close(self) -> None:
        """Keep nothing any longer; the thread ends by itself."""
        self._closing.set()
        self._wake_up()

    def _wake_up(self) -> None:
        loop, wake = self._loop, self._wake
        if loop is not None and wake is not None:
            try:
                loop.call_soon_threadsafe(wake.set)
            except RuntimeError:
                return  # the thread has ended

    # In the keeper's thread.

    async def _keep(self) -> None:
        self._loop, self._wake = asyncio.get_running_loop(), asyncio.Event()
        backend = self._source.open()
        try:
            while not self._closing.is_set():
                await self._extend_due(backend)
                await self._rest()
        except Closed:
            log.error("no more leases are kept on %s: its client was closed under this worker", self._source)
        finally:
            await self._close(backend)

    async def _close(self, backend: Backend) -> None:
        try:
            await backend.close()
        except Exception as error:  # noqa: BLE001 - told; nothing is lost by it, and the worker has to stop
            log.warning("the client that extends leases could not be closed: %r", error)

    async def _rest(self) -> None:
        """Until the next lease wants extending; without any, until there is one."""
        assert self._wake is not None
        self._wake.clear()
        with self._lock:
            first = min((lease.until for lease in self._held.values()), default=None)
            now = self._host.monotonic()
            urgent = any(lease.checkpoint and lease.limit > now for lease in self._held.values())
            pause = None if first is None else max(self._third / 4, first - 2 * self._third - now)
            pause = self._third / 4 if urgent else pause
            self._next_check = math.inf if pause is None else now + pause
        if self._closing.is_set() or (urgent and not self._disconnected):
            return
        try:
            async with asyncio.timeout(pause):
                await self._wake.wait()
        except TimeoutError:
            return

    @property
    def _third(self) -> float:
        return self._lease_ms / 3000

    async def _extend_due(self, backend: Backend) -> None:
        with self._lock:
            now = self._host.monotonic()
            soon = now + 2.25 * self._third
            over = [lease for lease in self._held.values() if lease.limit <= now]
            due = [
                lease
                for lease in self._held.values()
                if lease.limit > now and (lease.until <= soon or lease.checkpoint is not None)
            ]
        self._notice_ends(over)
        self.untrack([lease.token for lease in over if lease.until <= now])
        for start in range(0, len(due), backend.capabilities.max_batch):
            await self._extend(backend, due[start : start + backend.capabilities.max_batch])

    async def _extend(self, backend: Backend, leases: list[Lease]) -> None:
        sent = self._host.monotonic()
        carried = [self._taken(lease) for lease in leases]
        try:
            outcomes = await backend.extend(
                [
                    Extension(lease.token, self._lease_ms, checkpoint.body if checkpoint else None)
                    for lease, checkpoint in zip(leases, carried, strict=True)
                ]
            )
            answered = list(zip(leases, carried, outcomes, strict=True))
        except Closed:
            raise
        except BackendUnavailable as error:
            log.warning("leases could not be extended, and are tried again: %s", error)
            answered = None
        except Exception:
            log.exception("leases could not be extended, and are tried again")
            answered = None
        self._disconnected = answered is None
        if answered is None:
            self._notice_ends(leases)
            for lease, checkpoint in zip(leases, carried, strict=True):
                self._put_back(lease, checkpoint)
            return
        for lease, checkpoint, outcome in answered:
            self._learn(lease, outcome, sent)
            self._answer(checkpoint, stored=isinstance(outcome, (Extended, CancelRequested)))

    # Checkpoints.

    def _taken(self, lease: Lease) -> Checkpoint | None:
        with self._lock:
            checkpoint, lease.checkpoint = lease.checkpoint, None
        return checkpoint

    def _put_back(self, lease: Lease, checkpoint: Checkpoint | None) -> None:
        """To be tried again with the next extension, unless it is too late or there is a later one."""
        if checkpoint is None:
            return
        if lease.until <= self._host.monotonic() or lease.token not in self._held:
            checkpoint.answer(stored=False)
            return
        with self._lock:
            if lease.checkpoint is None:
                lease.checkpoint = checkpoint
            else:
                lease.checkpoint.waiting += checkpoint.waiting

    @staticmethod
    def _answer(checkpoint: Checkpoint | None, *, stored: bool) -> None:
        if checkpoint is not None:
            checkpoint.answer(stored=stored)

    def _learn(self, lease: Lease, outcome: ExtendOutcome, sent: float) -> None:
        match outcome:
            case Extended() | CancelRequested():
                lease.until = sent + self._lease_ms / 1000
                if isinstance(outcome, CancelRequested):
                    self._say(lease, LeaseEvent.CANCELLED)
            case LeaseExpired():
                lease.until = sent + self._lease_ms / 1000  # asked again: a settle still counts
                self._say(lease, LeaseEvent.RAN_OUT)
            case Stale():
                self._say(lease, LeaseEvent.LOST)
                self.untrack([lease.token])

    def _notice_ends(self, leases: list[Lease]) -> None:
        now = self._host.monotonic()
        for lease in leases:
            if lease.until <= now:
                self._say(lease, LeaseEvent.RAN_OUT)

    def _say(self, lease: Lease, news: LeaseEvent) -> None:
        with self._lock:
            dropped = lease.token not in self._held
        if not dropped and lease.told is not news:
            lease.told = news
            self._tell(lease.token, news)
