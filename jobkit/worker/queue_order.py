"""From which queue the next jobs are taken: strictly the earlier one, or each by its weight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol


class QueueOrder(Protocol):
    def next(self) -> list[str]:
        """The queues, for one reserve: all due jobs of an earlier one first."""
        ...


class StrictOrder:
    """Always the same order: a later queue waits while an earlier one has jobs."""

    def __init__(self, queues: Sequence[str]) -> None:
        self._queues = list(queues)

    def next(self) -> list[str]:
        return self._queues


class WeightedRoundRobin:
    """Each queue comes first as often as its weight says, spread evenly; none starves.

    Smooth weighted round robin, as nginx chooses among servers. Counted in reserves, each of which may bring as many
    jobs as there are free slots: so it is about queues that all have jobs waiting, over a while.
    """

    def __init__(self, weights: Mapping[str, int]) -> None:
        self._weights = dict(weights)
        self._total = sum(self._weights.values())
        self._credit = dict.fromkeys(self._weights, 0)

    def next(self) -> list[str]:
        for name, weight in self._weights.items():
            self._credit[name] += weight
        order = sorted(self._credit, key=lambda name: -self._credit[name])
        self._credit[order[0]] -= self._total
        return order
