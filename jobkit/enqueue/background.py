"""Calls that are stored in the background, in their order: whoever posts does not wait, and gets no receipt.

What was posted and is not stored yet is in the memory of this process, and lost with it. It is bounded, kept while
the backend is away, and stored before the app closes or the interpreter ends.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from itertools import islice
from typing import Final

from msgspec import Struct

from jobkit.connections.clients import Clients
from jobkit.connections.portal import portal
from jobkit.connections.real_threads import wait_for
from jobkit.enqueue.at_exit import call_at_exit
from jobkit.enqueue.context import EnqueueContext
from jobkit.enqueue.enqueue import aenqueue
from jobkit.enqueue.receipt import Receipt, Status
from jobkit.errors import BackendUnavailable, BackgroundQueueFull, InvalidArgument, Unsupported
from jobkit.forks import Forkable, track
from jobkit.validation import check_messages

log = logging.getLogger("jobkit.enqueue")

PAUSES: Final = (0.05, 0.2, 1.0, 5.0)
"""Seconds before each further try of a batch; the last again and again."""

CLOSING: Final = 10.0
"""Seconds that closing waits for what was posted."""

LISTED: Final = 100
"""How many jobs an error names, of those that were not stored."""

Attend = Callable[[Clients, list[Receipt]], Awaitable[None] | None]


class QueuedCall(Struct, eq=False):
    """One call on its way. Middlewares run in the context of whoever posted it."""

    clients: Clients
    outgoing: EnqueueContext
    size: int
    context: contextvars.Context

    def goes_with(self, other: QueuedCall) -> bool:
        """Whether both may leave in one step."""
        return self.clients is other.clients and not self.outgoing.middlewares and not other.outgoing.middlewares


class BackgroundQueue(Forkable):
    """Of one app. ``limit``: how many calls may wait; any thread may post."""

    def __init__(self, attend: Attend, limit: int) -> None:
        self._attend = attend
        self._limit = limit
        self._begin()
        track(self)

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[QueuedCall] = deque()
        self._storing: Future[None] | None = None
        self._registered = False
        self._error: BackendUnavailable | None = None
        """Why the last try failed; None once one has succeeded."""

    def after_fork_in_child(self) -> None:
        """Forget what waits: what the parent of a fork posted, the parent stores."""
        self._begin()

    def __len__(self) -> int:
        """How many calls are not stored yet."""
        return len(self._waiting)

    def post(self, leaving: Sequence[tuple[Clients, EnqueueContext]]) -> None:
        """Take all of these, or none.

        `BackgroundQueueFull` when too many wait, `InvalidMessage` for what can't be stored.
        """
        context = contextvars.copy_context()
        posted = [
            QueuedCall(clients, one, check_messages([one.message()], clients.capabilities), context)
            for clients, one in leaving
        ]
        loop = portal().loop
        with self._lock:
            if len(self._waiting) + len(posted) > self._limit:
                raise BackgroundQueueFull(
                    f"{len(self._waiting)} posted jobs wait to be stored, and {self._limit} may: "
                    f"{posted[0].clients.source} is away or slower than what is posted; enqueue() waits for it"
                )
            self._waiting.extend(posted)
            if self._storing is None:
                self._storing = asyncio.run_coroutine_threadsafe(self._store_all(), loop)
            if not self._registered:
                self._registered = True
                call_at_exit(self._finish)

    def flush(self, within: float = CLOSING) -> None:
        """Wait until all of it is stored; `BackendUnavailable` when that takes too long. It is tried further then."""
        with self._lock:
            storing = self._storing
        if storing is None:
            return
        try:
            wait_for(lambda: storing.result(within))
        except TimeoutError:
            raise BackendUnavailable(
                f"{len(self)} posted jobs could not be stored within {within:g} s"
            ) from self._error

    def _finish(self) -> bool:
        """Store what waits when the process ends. Returns False, and says what is lost, if that can't be done."""
        try:
            self.flush()
        except (BackendUnavailable, KeyboardInterrupt) as error:
            reason = self._error or "no try has ended yet"
            log.error("%s: %s; lost with this process: %s", error or "interrupted", reason, self._shown())
            return False
        return True

    def _shown(self) -> str:
        """The jobs that are not stored yet, as a person reads them."""
        with self._lock:
            jobs = [f"{posted.outgoing.job} ({posted.outgoing.id})" for posted in self._waiting]
        more = f" and {len(jobs) - LISTED} more" if len(jobs) > LISTED else ""
        return ", ".join(jobs[:LISTED]) + more

    # On the portal's loop.

    async def _store_all(self) -> None:
        while batch := self._next():
            await self._store(batch)
            with self._lock:
                for _ in batch:
                    self._waiting.popleft()

    def _next(self) -> list[QueuedCall]:
        """What leaves next, in one step; it stays first in line until it is stored."""
        with self._lock:
            if not self._waiting:
                self._storing = None
                return []
            first = self._waiting[0]
            may = first.clients.capabilities
            batch, size = [first], first.size
            for posted in islice(self._waiting, 1, may.max_batch):
                size += posted.size
                if size > may.max_batch_bytes or not posted.goes_with(first):
                    break
                batch.append(posted)
            return batch

    async def _store(self, batch: Sequence[QueuedCall]) -> None:
        """Until the backend has it: ids are known, so trying again stores nothing twice."""
        tries = 0
        while True:
            try:
                receipts = await self._try(batch)
            except BackendUnavailable as error:
                self._error = error
                if tries == 0:
                    log.warning("%d posted jobs wait: %s", len(self), error)
                await asyncio.sleep(PAUSES[min(tries, len(PAUSES) - 1)])
                tries += 1
                continue
            except (InvalidArgument, Unsupported) as error:
                await self._store_each(batch, error)
                return
            except GeneratorExit:
                raise
            except BaseException as error:  # noqa: BLE001 - a middleware's or an observer's, which may not stop the rest
                for posted in batch:
                    _give_up(posted, error)
                return
            self._error = None
            if tries:
                log.info("posted jobs are stored again")
            _tell(receipts)
            return

    async def _store_each(self, batch: Sequence[QueuedCall], error: Exception) -> None:
        """Store each by itself, since the backend refuses one of them, and has stored none."""
        if len(batch) == 1:
            _give_up(batch[0], error)
            return
        for posted in batch:
            await self._store([posted])

    async def _try(self, batch: Sequence[QueuedCall]) -> list[Receipt]:
        """Store a batch, in the context of the caller who posted it first."""
        clients = batch[0].clients
        outgoing = [posted.outgoing for posted in batch]
        storing = aenqueue(outgoing, clients, lambda receipts: self._attend(clients, receipts))
        return await asyncio.get_running_loop().create_task(storing, context=batch[0].context)


def _give_up(posted: QueuedCall, error: BaseException) -> None:
    one = posted.outgoing
    log.error("a posted job was not stored, and is given up: %s (%s)", one.job, one.id, exc_info=error)


def _tell(receipts: Sequence[Receipt]) -> None:
    """Nobody has these receipts, so what was not accepted is said here."""
    for receipt in receipts:
        if not receipt:
            level = logging.WARNING if receipt.status is Status.CONFLICT else logging.INFO
            log.log(level, "a posted job was not stored: %s (%s) is %s", receipt.job, receipt.id, receipt.status.value)
