"""The tape: everything that happens to the jobs of one test, in order, on whichever backend."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeAlias

from jobkit import events
from jobkit.backend import Cancelled
from jobkit.call import EPOCH, Options
from jobkit.context import current_job
from jobkit.errors import UnknownQueue
from jobkit.outcome import Performed
from jobkit.receipt import Status
from pytest_jobkit.entry import CANCELLED, PENDING, RUNNING, Entry
from pytest_jobkit.site import Site, call_site

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from jobkit.app import App
    from jobkit.backend import Message
    from jobkit.call import Call
    from jobkit.declared import Job
    from jobkit.enqueuing import Enqueuing
    from jobkit.outcome import Outcome
    from jobkit.sources import Source

    Performing: TypeAlias = events.Started | events.Ended | events.Settled


@dataclass(frozen=True)
class Remark:
    """Something that led to no job: refused, held, or no broker; after how many jobs, and inside of which."""

    after: int
    text: str
    site: Site | None
    parent: Entry | None


@dataclass(frozen=True)
class Made:
    """A call of ``aenqueue``, and the line that made it."""

    enqueuing: Enqueuing[Any]
    calls: list[Call]
    site: Site | None


class Tape:
    """Hears every event of the process while its test is on, from any thread."""

    def __init__(self, now_ms: Callable[[], int], root: Path) -> None:
        self.jobs: list[Entry] = []
        """Every job that was stored, or performed without that."""
        self.executions: list[Entry] = []
        """Every execution that ended, in the order of their ends."""
        self.remarks: list[Remark] = []
        self.made: list[Made] = []
        self.changes = 0
        """Grows whenever a backend may have more to give."""
        self.now_ms = now_ms
        self._root = root
        self._by_id: dict[str, Entry] = {}
        self._stored: dict[tuple[Source, str], Entry] = {}
        self._early: dict[str, list[Performing]] = {}
        """What a worker did with a job before its enqueue returned."""
        self._places: dict[Source, tuple[App, list[str]]] = {}
        self._made_of: dict[int, Made] = {}
        """By the identity of the call, which is kept as long as this is."""
        self._lock = threading.RLock()

    # Hearing.

    def hear(self, event: events.Happening) -> None:
        with self._lock:
            match event:
                case events.Enqueued():
                    self._enqueued(event)
                case events.Waiting():
                    self._waiting(event)
                case events.Called():
                    self._called(event)
                case events.CancelAsked():
                    self._cancelled(event)
                case events.Started() | events.Ended() | events.Settled():
                    self._performing(event)
                case _:
                    return

    def _waiting(self, event: events.Waiting) -> None:
        made = Made(event.enqueuing, event.calls, call_site(self._root))
        self.made.append(made)
        self._made_of.update((id(call), made) for call in made.calls)

    def _enqueued(self, event: events.Enqueued) -> None:
        receipt, site = event.receipt, self._site(event.call)
        if receipt.status is not Status.ACCEPTED:
            reason = f": {receipt.reason}" if receipt.reason else self._holder(receipt.held_by)
            self.remark(f"{event.call.job.short_name} was not enqueued, {receipt.status.value}{reason}", site)
            return
        due = _milliseconds(receipt.due)
        app = event.call.job.app
        source = self._source(app, event.queue)
        self._add(
            event.message, event.call.job, event.call.options, app.queue_stored_as(event.queue), due, site, source
        )
        self.changes += 1

    def _holder(self, held_by: str | None) -> str:
        holder = None if held_by is None else self._by_id.get(held_by)
        return "" if holder is None else f" by #{holder.number}"

    def _called(self, event: events.Called) -> None:
        call, now = event.call, self.now_ms()
        queue = call.job.app.queue_stored_as(event.queue)
        self._add(event.message, call.job, call.options, queue, now, self._site(call), None)

    def _cancelled(self, event: events.CancelAsked) -> None:
        entry = self._by_id.get(event.id)
        if entry is None:
            return
        if isinstance(event.outcome, Cancelled):
            entry.state = CANCELLED
        else:
            entry.marked = True

    def _performing(self, event: Performing) -> None:
        entry = self._by_id.get(event.id)
        if entry is None:
            self._early.setdefault(event.id, []).append(event)
            return
        entry.attempt = event.attempt
        match event:
            case events.Started():
                entry.state = RUNNING
                entry.begun_at = len(self.jobs)
            case events.Ended():
                self._ended(entry, event.outcome)
            case events.Settled():
                self.changes += 1
                if entry.marked and event.outcome.state not in (Performed.SUCCEEDED, Performed.SKIPPED):
                    entry.state = CANCELLED

    def _ended(self, entry: Entry, outcome: Outcome) -> None:
        if outcome.state is Performed.INTERRUPTED:
            entry.state = PENDING
            return
        entry.state, entry.error, entry.reason = outcome.state.value, outcome.error, outcome.reason
        entry.children = [each for each in self.jobs[entry.begun_at :] if each.parent is entry]
        if outcome.state is Performed.RETRYING:
            entry.since_ms = self.now_ms() + max(0, round((outcome.retry_in or 0) * 1000))
        self.executions.append(entry.execution())

    def meet(self, message: Message, app: App, source: Source) -> Entry:
        """The entry of a delivery; a new one for a job that was stored without anybody saying so."""
        with self._lock:
            if (entry := self._stored.get((source, message.id))) is not None:
                return entry
            job = app.jobs.get(message.headers.get("job", ""))
            queue = app.queue_stored_as(message.queue)
            return self._add(message, job, Options(), queue, self.now_ms(), None, source)

    def expect(self, entry: Entry) -> None:
        """What is said next of a job with its id is about this one: ids are only unique in one namespace."""
        self._by_id[entry.id] = entry

    def _place(self, source: Source, entry: Entry) -> None:
        if entry.job is not None:
            _, names = self._places.setdefault(source, (entry.job.app, []))
            if entry.message.queue not in names:
                names.append(entry.message.queue)

    def remark(self, text: str, site: Site | None) -> None:
        self.remarks.append(Remark(len(self.jobs), text, site, self._parent()))

    def _add(
        self,
        message: Message,
        job: Job[..., Any] | None,
        options: Options,
        queue: str,
        due_ms: int,
        site: Site | None,
        source: Source | None,
    ) -> Entry:
        entry = Entry(
            number=len(self.jobs) + 1,
            message=message,
            job=job,
            options=options,
            queue=queue,
            now_ms=self.now_ms(),
            due_ms=due_ms,
            site=site,
            parent=self._parent(),
            source=source,
        )
        self.jobs.append(entry)
        if source is not None:
            self._stored[source, entry.id] = entry
            self._place(source, entry)
        self._by_id[entry.id] = entry
        for event in self._early.pop(entry.id, ()):
            self._performing(event)
        return entry

    def _parent(self) -> Entry | None:
        running = current_job()
        return None if running is None else self._by_id.get(running.id)

    def _site(self, call: Call) -> Site | None:
        """Of an ``aenqueue`` the line that called it, wherever it was awaited."""
        made = self._made_of.get(id(call))
        return call_site(self._root) if made is None else made.site

    def _source(self, app: App, wire_name: str) -> Source | None:
        return next((clients.source for clients, names in app.by_source().items() if wire_name in names), None)

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

    def places(self) -> dict[Source, tuple[App, list[str]]]:
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


def _milliseconds(due: datetime | None) -> int:
    return 0 if due is None else (due - EPOCH) // timedelta(milliseconds=1)
