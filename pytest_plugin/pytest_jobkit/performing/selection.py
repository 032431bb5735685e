"""Which jobs a verb performs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_jobkit.recording import matching

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_jobkit.recording.entry import Entry
    from pytest_jobkit.recording.matching import Matchable
    from pytest_jobkit.recording.recorder import Recorder


@dataclass(frozen=True)
class Selection:
    """Those that ``only`` names (all, if it names none), without those that ``exclude`` names, on these queues."""

    only: tuple[Callable[[Entry], bool], ...] = ()
    exclude: tuple[Callable[[Entry], bool], ...] = ()
    queues: frozenset[str] | None = None

    def __call__(self, entry: Entry) -> bool:
        if self.queues is not None and entry.queue not in self.queues:
            return False
        if self.only and not any(matches(entry) for matches in self.only):
            return False
        return not any(matches(entry) for matches in self.exclude)


ALL = Selection()


def select(
    tape: Recorder,
    only: Matchable | Iterable[Matchable] | None = None,
    exclude: Matchable | Iterable[Matchable] | None = None,
    queue: str | Iterable[str] | None = None,
) -> Selection:
    """What a verb's arguments mean: each one job, pattern or name, or a list."""
    queues = [queue] if isinstance(queue, str) else queue
    return Selection(
        only=tuple(map(matching.matcher, matching.as_list(only))),
        exclude=tuple(map(matching.matcher, matching.as_list(exclude))),
        queues=None if queues is None else frozenset(tape.queue(each) for each in queues),
    )
