"""The record: the jobs of one test and what became of them, as logs show it and performing needs it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from jobkit.errors import UnknownQueue
from jobkit.execute.outcome import Performed

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobkit.app import App
    from jobkit.connections.resolver import BackendSource
    from jobkit.enqueue.enqueue import PendingEnqueue
    from jobkit.jobs.call import Call
    from pytest_jobkit.recording.call_site import CallSite
    from pytest_jobkit.recording.entry import Entry


@dataclass(frozen=True)
class Note:
    """Something that led to no job: refused, held, or no broker; after how many jobs, and inside of which."""

    after: int
    text: str
    site: CallSite | None
    parent: Entry | None


@dataclass(frozen=True)
class CreatedEnqueue:
    """A call of ``aenqueue``, and the line that made it."""

    enqueuing: PendingEnqueue[Any]
    calls: list[Call]
    site: CallSite | None


class Recording:
    """Only the tape writes it."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self.jobs: list[Entry] = []
        """Every job that was stored, or performed without that."""
        self.executions: list[Entry] = []
        """Every execution that ended, in the order of their ends."""
        self.remarks: list[Note] = []
        self.made: list[CreatedEnqueue] = []
        self.twice: set[str] = set()
        """The jobs whose worker was lost, so that they were delivered again."""
        self.deferred: dict[int, tuple[Call, CallSite | None]] = {}
        """By identity, the calls that wait for the commit of a transaction, and the lines that said so."""
        self.changes: int = 0
        """Grows whenever a backend may have more to give."""
        self.now_ms = now_ms
        self._by_id: dict[str, Entry] = {}
        self._places: dict[BackendSource, tuple[App, list[str]]] = {}

    # What the logs show.

    def entry(self, job_id: str) -> Entry | None:
        return self._by_id.get(job_id)

    def enqueued(self, jobs: int = 0) -> list[Entry]:
        """But for so many earlier ones."""
        return [entry for entry in self.jobs[jobs:] if entry.stored]

    def pending(self, jobs: int = 0) -> list[Entry]:
        return [entry for entry in self.jobs[jobs:] if entry.waits]

    def performed(self, executions: int = 0) -> list[Entry]:
        return [each for each in self.executions[executions:] if each.state == Performed.SUCCEEDED]

    def failed(self, executions: int = 0) -> list[Entry]:
        return [each for each in self.executions[executions:] if each.state in _FAILED]

    def dead(self, executions: int = 0) -> list[Entry]:
        """In the order in which they died."""
        died = [each.origin for each in self.executions[executions:] if each.state == Performed.DEAD]
        return [
            entry for place, entry in enumerate(died) if entry.state == Performed.DEAD and entry not in died[:place]
        ]

    # What performing needs to know.

    def stores(self) -> dict[BackendSource, tuple[App, list[str]]]:
        """Where jobs of this test were stored: the queues' names in each store, and an app that knows them."""
        return self._places

    def next_due(self) -> int | None:
        """The next instant at which something that waits is due."""
        now = self.now_ms()
        return min((entry.since_ms for entry in self.pending() if entry.since_ms > now), default=None)

    def queue(self, name: str) -> str:
        """A queue's own name, as the apps that were seen know it; `jobkit.UnknownQueue` if it is nearly one's."""
        apps = list({id(entry.job.app): entry.job.app for entry in self.jobs if entry.job is not None}.values())
        for app in apps:
            with suppress(UnknownQueue):
                return app.check_queue(name)
        for app in apps:
            if get_close_matches(name, app.queues, n=1):
                app.check_queue(name)  # which raises
        return name


_FAILED = frozenset({Performed.RETRYING.value, Performed.DISCARDED.value, Performed.DEAD.value})
