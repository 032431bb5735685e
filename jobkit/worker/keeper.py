"""Keeps leases alive from a thread of its own, with a client of its own: a job may block the event loop for as long
as it likes.

A lease is counted from before the call that granted or extended it was sent, on this process' monotonic clock.
"""

from __future__ import annotations

import asyncio
import logging
import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from enum import Enum

from jobkit.backend import Backend, Cancelled, Ended, Extended, ExtendOutcome, Extension, Stale
from jobkit.errors import BackendUnavailable, Closed
from jobkit.sources import Source

log = logging.getLogger("jobkit.worker")


_NO_LIMITS: Mapping[str, float] = {}


class News(Enum):
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
    told: News | None = None


class Keeper:
    """Extends what it is told to hold, once a third of the lease has passed, in batches.

    ``tell`` is called in the keeper's thread, once for each piece of news of a token.
    """

    def __init__(self, source: Source, lease_ms: int, tell: Callable[[str, News], None]) -> None:
        self._source = source
        self._lease_ms = lease_ms
        self._tell = tell
        self._held: dict[str, Lease] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake: asyncio.Event | None = None
        self._closing = threading.Event()
        self._ended: Future[None] = Future()

    def hold(self, tokens: Sequence[str], granted_at: float, limits: Mapping[str, float] = _NO_LIMITS) -> None:
        """Keep these leases, granted by a call that was sent at this monotonic instant.

        ``limits``: by token, for how many seconds from now on at most.
        """
        until, now = granted_at + self._lease_ms / 1000, time.monotonic()
        with self._lock:
            idle = not self._held
            for token in tokens:
                self._held[token] = Lease(token, until, now + limits.get(token, math.inf))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="jobkit-leases", daemon=True)
                self._thread.start()
        if idle:
            self._nudge()

    def drop(self, tokens: Sequence[str]) -> None:
        """Keep these no longer."""
        with self._lock:
            for token in tokens:
                self._held.pop(token, None)

    async def close(self) -> None:
        """Keep nothing any longer, and wait for the thread to end."""
        self._closing.set()
        self._nudge()
        if self._thread is not None:
            await asyncio.wrap_future(self._ended)

    def _nudge(self) -> None:
        loop, wake = self._loop, self._wake
        if loop is not None and wake is not None:
            try:
                loop.call_soon_threadsafe(wake.set)
            except RuntimeError:
                return  # the thread has ended

    # In the keeper's thread.

    def _run(self) -> None:
        try:
            asyncio.run(self._keep())
        finally:
            self._ended.set_result(None)

    async def _keep(self) -> None:
        self._loop, self._wake = asyncio.get_running_loop(), asyncio.Event()
        backend = self._source.open()
        try:
            while not self._closing.is_set():
                await self._extend_due(backend)
                await self._rest()
        finally:
            await backend.close()

    async def _rest(self) -> None:
        """Until the next lease wants extending; without any, until there is one."""
        assert self._wake is not None
        self._wake.clear()
        with self._lock:
            first = min((lease.until for lease in self._held.values()), default=None)
        if self._closing.is_set():
            return
        pause = None if first is None else max(self._third / 4, first - 2 * self._third - time.monotonic())
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
            now = time.monotonic()
            soon = now + 2.25 * self._third
            over = [lease for lease in self._held.values() if lease.limit <= now]
            due = [lease for lease in self._held.values() if lease.limit > now and lease.until <= soon]
        self._notice_ends(over)
        self.drop([lease.token for lease in over if lease.until <= now])
        for start in range(0, len(due), backend.capabilities.max_batch):
            await self._extend(backend, due[start : start + backend.capabilities.max_batch])

    async def _extend(self, backend: Backend, leases: list[Lease]) -> None:
        sent = time.monotonic()
        try:
            outcomes = await backend.extend([Extension(lease.token, self._lease_ms) for lease in leases])
        except Closed:
            raise
        except BackendUnavailable as error:
            log.warning("leases could not be extended, and are tried again: %s", error)
            outcomes = None
        except Exception:
            log.exception("leases could not be extended, and are tried again")
            outcomes = None
        if outcomes is None:
            self._notice_ends(leases)
            return
        for lease, outcome in zip(leases, outcomes, strict=True):
            self._learn(lease, outcome, sent)

    def _learn(self, lease: Lease, outcome: ExtendOutcome, sent: float) -> None:
        match outcome:
            case Extended() | Cancelled():
                lease.until = sent + self._lease_ms / 1000
                if isinstance(outcome, Cancelled):
                    self._say(lease, News.CANCELLED)
            case Ended():
                lease.until = sent + self._lease_ms / 1000  # asked again: a settle still counts
                self._say(lease, News.RAN_OUT)
            case Stale():
                self._say(lease, News.LOST)
                self.drop([lease.token])

    def _notice_ends(self, leases: list[Lease]) -> None:
        now = time.monotonic()
        for lease in leases:
            if lease.until <= now:
                self._say(lease, News.RAN_OUT)

    def _say(self, lease: Lease, news: News) -> None:
        with self._lock:
            dropped = lease.token not in self._held
        if not dropped and lease.told is not news:
            lease.told = news
            self._tell(lease.token, news)
