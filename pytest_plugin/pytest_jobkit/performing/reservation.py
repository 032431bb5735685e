"""A hand: the due jobs that a verb has reserved, best first, until they are performed or given back."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jobkit.backend import Release

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Self

    from jobkit.app import App
    from jobkit.backend import Backend, Delivery
    from jobkit.connections.resolver import BackendSource
    from pytest_jobkit.recording.entry import Entry
    from pytest_jobkit.recording.recorder import Recorder

LEASE_MS = 86_400_000
"""Longer than any test: who holds a hand gives it back."""


@dataclass(order=True, slots=True)
class ReservedJob:
    """One delivery; in the order in which any backend would grant it, over all queues."""

    rank: tuple[int, int, int]
    entry: Entry = field(compare=False)
    delivery: Delivery = field(compare=False)
    backend: Backend = field(compare=False)
    app: App = field(compare=False)


class Reservation:
    """What is due, reserved: ``async with`` gives back what is left. Belongs to the running loop.

    ``choose``: which of them comes next (or none, for now), instead of the best.
    """

    def __init__(
        self,
        tape: Recorder,
        open_backend: Callable[[BackendSource], Backend],
        wanted: Callable[[Entry], bool],
        choose: Callable[[Sequence[ReservedJob]], ReservedJob | None] | None = None,
    ) -> None:
        self._tape = tape
        self._choose = choose
        self._open = open_backend
        self._wanted = wanted
        self._cards: list[ReservedJob] = []
        self._others: list[ReservedJob] = []
        self._drawn_at = -1

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Release what was not performed: that costs it no attempt."""
        left, self._cards, self._others = [*self._cards, *self._others], [], []
        for backend in {id(card.backend): card.backend for card in left}.values():
            releases = [Release(card.delivery.token) for card in left if card.backend is backend]
            size = backend.capabilities.max_batch
            for start in range(0, len(releases), size):
                await backend.settle(releases[start : start + size])

    async def next(self) -> ReservedJob | None:
        """The next to be performed, of all that is due by now; it is out of the hand then."""
        await self._draw()
        if self._choose is None:
            return heapq.heappop(self._cards) if self._cards else None
        chosen = self._choose(self._cards) if self._cards else None
        if chosen is not None:
            self._cards.remove(chosen)
            heapq.heapify(self._cards)
        return chosen

    def release(self, card: ReservedJob) -> None:
        self._others.append(card)

    async def _draw(self) -> None:
        """Reserve all that is due, unless nothing can have come since."""
        while self._drawn_at != self._tape.changes:
            self._drawn_at = self._tape.changes
            for source, (app, queues) in self._tape.stores().items():
                await self._draw_from(self._open(source), source, app, queues)

    async def _draw_from(self, backend: Backend, source: BackendSource, app: App, queues: Sequence[str]) -> None:
        limit = backend.capabilities.max_batch
        while deliveries := await backend.reserve(queues, limit=limit, lease=LEASE_MS):
            for delivery in deliveries:
                self._take(self._card(delivery, backend, app, source))
            if len(deliveries) < limit:
                return

    def _card(self, delivery: Delivery, backend: Backend, app: App, source: BackendSource) -> ReservedJob:
        entry = self._tape.entry_for(delivery.message, app, source)
        rank = (-entry.priority, entry.since_ms, entry.number)
        return ReservedJob(rank, entry, delivery, backend, app if entry.job is None else entry.job.app)

    def _take(self, card: ReservedJob) -> None:
        if self._wanted(card.entry):
            heapq.heappush(self._cards, card)
        else:
            self._others.append(card)
