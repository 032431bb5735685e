"""Enqueues that are made at once become one batch: every caller waits until it is stored, and has its own outcomes.

Nothing is acknowledged before it is stored, so nothing can be lost that somebody was told is there. The idea is
async-job's buffer, without its window of loss.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
from typing import TypeAlias

from msgspec import Struct

from jobkit.backend import EnqueueOutcome, Message
from jobkit.errors import InvalidArgument, Unsupported

Send: TypeAlias = Callable[[Sequence[Message]], Awaitable[list[EnqueueOutcome]]]


class Limits(Struct, frozen=True):
    """When a batch is full: ``items``, ``bytes`` of bodies and fields."""

    items: int
    bytes: int


class BatchMember(Struct, eq=False):
    """One caller's part of a batch."""

    messages: Sequence[Message]
    size: int
    outcomes: asyncio.Future[list[EnqueueOutcome]]


class Batcher:
    """Belongs to one event loop. ``wait``: seconds that a batch stays open; with 0 it takes what the same turn of
    the loop brings while an earlier call is under way, so a caller who is alone waits for nobody.
    """

    def __init__(self, send: Send, limits: Limits, wait: float = 0) -> None:
        self._send = send
        self._limits = limits
        self._wait = wait
        self._open: list[BatchMember] = []
        self._items = self._bytes = 0
        self._timer: asyncio.Handle | None = None
        self._under_way = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def enqueue(self, messages: Sequence[Message], size: int) -> list[EnqueueOutcome]:
        """Their outcomes, once they are stored. ``size``: bytes of bodies and fields; both fit into one batch."""
        if not self._wait and not self._under_way:
            return await self._alone(messages)
        share = BatchMember(messages, size, asyncio.get_running_loop().create_future())
        self._join(share)
        return await share.outcomes

    async def _alone(self, messages: Sequence[Message]) -> list[EnqueueOutcome]:
        self._under_way += 1
        try:
            return await self._send(messages)
        finally:
            self._under_way -= 1

    def _join(self, share: BatchMember) -> None:
        items, size = self._items + len(share.messages), self._bytes + share.size
        if self._open and (items > self._limits.items or size > self._limits.bytes):
            self.flush()
            items, size = len(share.messages), share.size
        self._open.append(share)
        self._items, self._bytes = items, size
        if items >= self._limits.items:
            self.flush()
        elif self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._wait, self.flush) if self._wait else loop.call_soon(self.flush)

    def flush(self) -> None:
        """Send what has been gathered, without waiting for more; of callers who have given up nothing is sent."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        shares, self._open = [share for share in self._open if not share.outcomes.done()], []
        self._items = self._bytes = 0
        if shares:
            task = asyncio.get_running_loop().create_task(self._deliver(shares))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _deliver(self, shares: list[BatchMember]) -> None:
        self._under_way += 1
        messages = [message for share in shares for message in share.messages]
        try:
            _answer(shares, list(zip(messages, await self._send(messages), strict=True)))
        except (InvalidArgument, Unsupported) as refused:
            if len(shares) == 1:
                _fail(shares, refused)
            else:  # one caller's fault, and nothing was stored: each by itself, in their order
                for share in shares:
                    await self._deliver([share])
        except Exception as error:  # noqa: BLE001 - raised where each caller waits
            _fail(shares, error)
        except asyncio.CancelledError:
            for share in shares:
                share.outcomes.cancel()
            raise
        finally:
            self._under_way -= 1

    async def close(self) -> None:
        """Send what was gathered, and wait until all of it was answered."""
        self.flush()
        while self._tasks:
            await asyncio.wait(self._tasks)


def _answer(shares: Sequence[BatchMember], answered: Sequence[tuple[Message, EnqueueOutcome]]) -> None:
    remaining = iter(answered)
    for share in shares:
        own = [outcome for _, outcome in islice(remaining, len(share.messages))]
        if not share.outcomes.done():
            share.outcomes.set_result(own)


def _fail(shares: Sequence[BatchMember], error: Exception) -> None:
    for share in shares:
        if not share.outcomes.done():
            share.outcomes.set_exception(error)
