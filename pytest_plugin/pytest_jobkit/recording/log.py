"""A log: the jobs of a test that are in one state, live, in order, and like a list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, TypeGuard, overload

from jobkit.jobs.job import Job
from pytest_jobkit.recording import matching as sought
from pytest_jobkit.recording.entry import Entry

if TYPE_CHECKING:
    from typing import Self

    from pytest_jobkit.recording.matching import Matchable
    from pytest_jobkit.recording.recorder import Recorder


class Kind(Enum):
    """What a log lists: jobs, executions of jobs, or failures."""

    JOBS = auto()
    RUNS = auto()
    FAILURES = auto()


class Log(Sequence[Entry]):
    """Jobs in order; it changes with the test. ``in`` and ``==`` take ``job.call(...)``, ``job.partial(...)``, a job.

    ``in``, ``==``, `count` and `only` mark what they matched as looked at: such a job is no leftover, and, in
    ``failed`` and ``dead``, no surprise. Iterating, ``len`` and ``repr`` mark nothing.
    """

    def __init__(
        self,
        name: str,
        tape: Recorder,
        entries: Callable[[], list[Entry]],
        kind: Kind = Kind.JOBS,
        *,
        narrowed: bool = False,
    ) -> None:
        self.name = name
        """As a test writes it: ``jobs.enqueued.on('mail')``."""
        self.tape = tape
        self.kind = kind
        self.narrowed = narrowed
        self._entries = entries

    # Narrowing.

    def on(self, *queues: str) -> Log:
        """Only those on these queues."""
        names = {self.tape.queue(queue) for queue in queues}
        return self._narrowed(f".on({_listed(queues)})", lambda entry: entry.queue in names)

    def of(self, *jobs: Job[..., Any]) -> Log:
        """Only those of these jobs."""
        names = _names(jobs)
        return self._narrowed(f".of({_named(jobs)})", lambda entry: entry.job_name in names)

    def but(self, *jobs: Job[..., Any]) -> Log:
        """All but those of these jobs."""
        names = _names(jobs)
        return self._narrowed(f".but({_named(jobs)})", lambda entry: entry.job_name not in names)

    def _narrowed(self, how: str, keep: Callable[[Entry], bool]) -> Log:
        entries = self._entries

        def kept() -> list[Entry]:
            return [each for each in entries() if keep(each)]

        return Log(self.name + how, self.tape, kept, self.kind, narrowed=True)

    def frozen(self) -> Log:
        """What is in it now, for good."""
        entries = self._entries()
        return Log(self.name, self.tape, lambda: entries, self.kind, narrowed=self.narrowed)

    # Asking.

    def matching(self, wanted: object) -> list[Entry]:
        """Those that are what is wanted; marks nothing."""
        __tracebackhide__ = True
        matches = sought.matcher(sought.check(wanted))
        return [entry for entry in self._entries() if matches(entry)]

    @staticmethod
    def fits(entry: Entry, wanted: Matchable) -> bool:
        """Whether an entry is what is wanted; marks nothing."""
        return sought.matcher(wanted)(entry)

    def count(self, value: Matchable) -> int:
        """How many there are like this."""
        __tracebackhide__ = True
        return Count(self, value, self.mark(self.matching(value)))

    def only(self, wanted: Matchable | None = None) -> Entry:
        """The one job like this (or the one job that there is); an error unless there is exactly one."""
        __tracebackhide__ = True
        found = self._entries() if wanted is None else self.matching(wanted)
        if len(found) != 1:
            from pytest_jobkit.recording.messages import expected_one

            raise AssertionError(expected_one(wanted, found, self))
        return self.mark(found)[0]

    def __contains__(self, value: object) -> bool:
        __tracebackhide__ = True
        return bool(self.mark(self.matching(value)))

    def __eq__(self, other: object) -> bool:
        __tracebackhide__ = True
        if not is_list(other):
            return NotImplemented
        entries = self._entries()
        if len(entries) != len(other):
            return False
        if not all(self.fits(entry, sought.check(wanted)) for entry, wanted in zip(entries, other, strict=True)):
            return False
        self.mark(entries)
        return True

    __hash__ = None  # type: ignore[assignment]

    def mark(self, entries: list[Entry]) -> list[Entry]:
        """These were looked at, and are what the test expected."""
        for entry in entries:
            entry.origin.looked_at = True
            if self.kind is Kind.FAILURES:
                entry.expected = True
        return entries

    # Like a list.

    @overload
    def __getitem__(self, index: int) -> Entry: ...

    @overload
    def __getitem__(self, index: slice) -> list[Entry]: ...

    def __getitem__(self, index: int | slice) -> Entry | list[Entry]:
        return self._entries()[index]

    def __len__(self) -> int:
        return len(self._entries())

    def __deepcopy__(self, memo: object) -> list[Entry]:
        """A list of what is in it, for whoever keeps what was compared."""
        return list(self._entries())

    def __repr__(self) -> str:
        return repr(self._entries())


class Count(int):
    """How many there are; it knows of what, for whoever compares it in vain."""

    log: Log
    wanted: Matchable
    found: list[Entry]

    def __new__(cls, log: Log, wanted: Matchable, found: list[Entry]) -> Self:
        count = super().__new__(cls, len(found))
        count.log, count.wanted, count.found = log, wanted, found
        return count


def is_list(value: object) -> TypeGuard[Sequence[object]]:
    """What a log may be equal to."""
    return isinstance(value, (Log, list, tuple))


def _listed(values: Sequence[object]) -> str:
    return ", ".join(map(repr, values))


def _names(jobs: Sequence[object]) -> set[str]:
    wrong = [job for job in jobs if not isinstance(job, Job)]
    if wrong:
        raise TypeError(f"name the job itself, not {wrong[0]!r}")
    return {job.name for job in jobs if isinstance(job, Job)}


def _named(jobs: Sequence[Job[..., Any]]) -> str:
    return ", ".join(job.short_name for job in jobs)
