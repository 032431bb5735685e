"""What happened in a simulation: every call, when it began, when it was answered, and by what."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from jobkit.backend import Backend
from jobkit.backends.delegating import DelegatingBackend
from jobkit.clock import Clock
from jobkit_conformance.answers import check_answer
from jobkit_conformance.history.calls import Call
from jobkit_conformance.history.worker_history import JobRun, JobSpec, WorkerHistory
from jobkit_conformance.scenario import StartWorker

T = TypeVar("T")


@dataclass(frozen=True)
class Note:
    """Something else that a reader wants to know, such as a reply that got lost."""

    who: str
    words: str
    at_ms: int


@dataclass
class History:
    """All of it, in the order in which things began."""

    clock: Clock
    calls: list[Call] = field(default_factory=list[Call])
    entries: list[Call | Note] = field(default_factory=list[Call | Note])
    length: int = 0
    quiesced_at: int | None = None
    """The place from which on nothing went amiss, and one client looked after what was left."""
    lost: int = 0
    """How many requests and replies got lost."""
    processes: list[WorkerHistory] = field(default_factory=list[WorkerHistory])
    """The workers that took part."""
    duties: dict[str, JobSpec] = field(default_factory=dict[str, JobSpec])
    """By id, what was declared of the jobs that workers may perform."""

    def begin(self, client: str, verb: str, items: Sequence[Any], stated: dict[str, int]) -> Call:
        call = Call(client, verb, tuple(items), stated, self._next(), self.clock.now_ms())
        self.calls.append(call)
        self.entries.append(call)
        return call

    def end(self, call: Call, answer: Any, error: BaseException | None) -> None:
        call.answer, call.error = answer, error
        call.ended, call.to_ms = self._next(), self.clock.now_ms()

    def calm_down(self) -> None:
        """From here on nothing goes amiss; what is open began before, the latest call of all included."""
        self.quiesced_at = self._next()

    def note(self, who: str, words: str) -> None:
        self.entries.append(Note(who, words, self.clock.now_ms()))

    def hire(self, name: str, options: StartWorker) -> WorkerHistory:
        """A worker begins to work."""
        place, now = self.instant()
        process = WorkerHistory(name, options.concurrency, options.lease, options.grace, place, now)
        self.processes.append(process)
        self.note(name, "begins to work")
        return process

    def started(self, process: WorkerHistory, id: str, attempt: int) -> JobRun:
        """A job begins to run there."""
        start = JobRun(id, attempt, *self.instant())
        process.starts.append(start)
        return start

    def instant(self) -> tuple[int, int]:
        """This place, and this instant."""
        return self._next(), self.clock.now_ms()

    def of(self, verb: str) -> Iterator[Call]:
        return (call for call in self.calls if call.verb == verb)

    def _next(self) -> int:
        self.length += 1
        return self.length


WRITTEN: Final = frozenset({"enqueue", "reserve", "settle", "extend", "cancel", "requeue", "delete"})
"""The verbs that change something; looking does not."""


class RecordingBackend(DelegatingBackend):
    """Passes each call on, and writes it down: as near to the backend as can be."""

    def __init__(self, backend: Backend, history: History, name: str) -> None:
        super().__init__(backend)
        self.name = name
        self._history = history

    async def intercept(
        self, verb: str, args: Sequence[Any], stated: Mapping[str, Any], call: Callable[[], Awaitable[T]]
    ) -> T:
        if verb not in WRITTEN:
            return await call()
        (items,) = args
        written = self._history.begin(self.name, verb, items, dict(stated))
        try:
            answer = await call()
            check_answer(verb, items, answer)
        except BaseException as error:
            self._history.end(written, None, error)
            raise
        self._history.end(written, answer, None)
        return answer


class WorkerSideRecorder(DelegatingBackend):
    """Writes down what a worker asks, and what it hears: of an answer that gets lost it hears nothing."""

    def __init__(self, backend: Backend, history: History, process: WorkerHistory, name: str) -> None:
        super().__init__(backend)
        self._history = history
        self._process = process
        self._name = name

    async def intercept(
        self, verb: str, args: Sequence[Any], stated: Mapping[str, Any], call: Callable[[], Awaitable[T]]
    ) -> T:
        if verb not in WRITTEN:
            return await call()
        heard = Call(self._name, verb, tuple(args[0]), dict(stated), *self._history.instant())
        self._process.calls.append(heard)
        try:
            answer = await call()
        except BaseException as error:
            self._history.end(heard, None, error)
            raise
        self._history.end(heard, answer, None)
        return answer
