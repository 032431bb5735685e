"""One job as it is kept, and the lines in which the jobs of a queue stand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import merge
from typing import TypeAlias

from jobkit.backend import Message, Stored
from jobkit.backends.inline.sorted_index import Entry, SortedIndex
from jobkit.lifecycle import Phase, State, state

Position: TypeAlias = tuple[int, Entry]
"""A job's place in the declared order: the higher priority first, then by entry."""


@dataclass(slots=True)
class StoredJob:
    """Everything kept of one job."""

    message: Message
    seq: int
    since: int
    phase: Phase
    number: int = 0
    attempt: int = 0
    released: bool = False
    token: str | None = None
    lease_end: int = 0
    reason: str | None = None
    checkpoint: bytes | None = None

    @property
    def entry(self) -> Entry:
        """Where the job stands in its line: granted ones by lease end, all others by *since*."""
        granted = self.phase in (Phase.LEASED, Phase.MARKED)
        return (self.lease_end if granted else self.since, self.seq, self.message.id)

    def seen(self, now: int) -> Stored | None:
        at = state(self.phase, self.since, self.lease_end, now)
        if at is None:
            return None
        return Stored(
            message=self.message,
            state=at,
            since=self.entry[0],
            attempt=self.attempt,
            number=self.number,
            lease_end=self.lease_end if at is State.LEASED else None,
            cancelled=self.phase is Phase.MARKED,
            reason=self.reason,
        )


@dataclass(slots=True)
class PriorityLevel:
    """The live jobs of one queue and priority."""

    waiting: SortedIndex = field(default_factory=SortedIndex)
    leased: SortedIndex = field(default_factory=SortedIndex)
    marked: SortedIndex = field(default_factory=SortedIndex)

    def ready(self, now: int) -> Iterator[Entry]:
        return merge(self.waiting.until(now), self.leased.until(now))

    def select(self, wanted: State, now: int) -> Iterator[Entry]:
        after_now = (now + 1, -1, "")
        match wanted:
            case State.READY:
                return self.ready(now)
            case State.SCHEDULED:
                return self.waiting.after(after_now)
            case State.LEASED:
                return merge(self.leased.after(after_now), self.marked)
            case State.DEAD:
                return iter(())

    def __bool__(self) -> bool:
        return bool(self.waiting or self.leased or self.marked)


@dataclass(slots=True)
class Queue:
    """The jobs of one queue: the live ones by priority, and the dead."""

    levels: dict[int, PriorityLevel] = field(default_factory=dict[int, PriorityLevel])
    """Highest priority first."""
    dead: SortedIndex = field(default_factory=SortedIndex)

    def level(self, priority: int) -> PriorityLevel:
        if priority not in self.levels:
            self.levels = dict(sorted([*self.levels.items(), (priority, PriorityLevel())], reverse=True))
        return self.levels[priority]

    def select(self, wanted: State, now: int) -> Iterator[Position]:
        """The jobs in one state, in the order in which they would be granted, the dead as they died."""
        if wanted is State.DEAD:
            yield from ((0, entry) for entry in self.dead)
        for priority, level in self.levels.items():
            yield from ((-priority, entry) for entry in level.select(wanted, now))
