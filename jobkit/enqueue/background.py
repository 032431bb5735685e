"""Calls that are stored in the background, in their order: whoever posts does not wait, and gets no receipt.

What was posted and is not stored yet is in the memory of this process, and lost with it. It is bounded, kept while
the backend is away, and stored before the app closes or the interpreter ends.
"""

from __future__ import annotations

import asyncio
import atexit
import contextvars
import logging
import os
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from itertools import islice
from typing import Final

from msgspec import Struct

from jobkit.connections.clients import Clients
from jobkit.connections.portal import portal
from jobkit.enqueue.context import EnqueueContext
from jobkit.enqueue.enqueue import aenqueue
from jobkit.enqueue.receipt import Receipt, Status
from jobkit.errors import BackendUnavailable, BackgroundQueueFull, InvalidArgument, Unsupported
from jobkit.validation import check_messages

log = logging.getLogger("jobkit.enqueue")

PAUSES: Final = (0.05, 0.2, 1.0, 5.0)
"""Seconds before each further try of a batch; the last again and again."""

CLOSING: Final = 10.0
"""Seconds that closing waits for what was posted."""

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


class BackgroundQueue:
    """Of one app. ``limit``: how many calls may wait; any thread may post."""

    def __init__(self, attend: Attend, limit: int) -> None:
        self._attend = attend
        self._limit = limit
        self._lock = threading.Lock()
        self._begin()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._waiting: deque[QueuedCall] = deque()
        self._storing: Future[None] | None = None
        self._registered = False

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
        with self._lock:
            if self._pid != os.getpid():
                self._begin()  # what the parent of a fork posted, the parent stores
            if len(self._waiting) + len(posted) > self._limit:
                raise BackgroundQueueFull(
                    f"{len(self._waiting)} posted jobs wait to be stored, and {self._limit} may: "
                    f"{posted[0].clients.source} is away or slower than what is posted; enqueue() waits for it"
                )
            self._waiting.extend(posted)
            if self._storing is None:
                self._storing = asyncio.run_coroutine_threadsafe(self._store_all(), portal().loop)
            if not self._registered:
                self._registered = True
                atexit.register(self.flush)

    def flush(self, within: float = CLOSING) -> None:
        """Wait until all of it is stored; `BackendUnavailable` when that takes too long. It is tried further then."""
        with self._lock:
            storing = self._storing if self._pid == os.getpid() else None
        if storing is None:
            return
        try:
            storing.result(within)
        except TimeoutError:
            raise BackendUnavailable(f"{len(self)} posted jobs could not be stored within {within:g} s") from None

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
        clients = batch[0].clients
        outgoing = [posted.outgoing for posted in batch]
        tries = 0
        while True:
            storing = aenqueue(outgoing, clients, lambda receipts: self._attend(clients, receipts))
            try:
                receipts = await asyncio.get_running_loop().create_task(storing, context=batch[0].context)
            except BackendUnavailable as error:
                if tries == 0:
                    log.warning("%d posted jobs wait: %s", len(self), error)
                await asyncio.sleep(PAUSES[min(tries, len(PAUSES) - 1)])
                tries += 1
            except (InvalidArgument, Unsupported) as error:
                if len(batch) == 1:
                    _give_up(batch[0], error)
                for posted in batch if len(batch) > 1 else ():  # one of them, and nothing was stored: each by itself
                    await self._store([posted])
                return
            except Exception as error:  # noqa: BLE001 - a middleware's; it is logged, and the next one's turn comes
                _give_up(batch[0], error)
                return
            else:
                if tries:
                    log.info("posted jobs are stored again")
                _tell(receipts)
                return


def _give_up(posted: QueuedCall, error: Exception) -> None:
    one = posted.outgoing
    log.error("a posted job was not stored, and is given up: %s (%s)", one.job, one.id, exc_info=error)


def _tell(receipts: Sequence[Receipt]) -> None:
    """Nobody has these receipts, so what was not accepted is said here."""
    for receipt in receipts:
        if not receipt:
            level = logging.WARNING if receipt.status is Status.CONFLICT else logging.INFO
            log.log(level, "a posted job was not stored: %s (%s) is %s", receipt.job, receipt.id, receipt.status.value)
