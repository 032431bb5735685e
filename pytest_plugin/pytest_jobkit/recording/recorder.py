"""The tape: everything that happens to the jobs of one test, in order, on whichever backend."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

from jobkit import events
from jobkit.backend import Cancelled
from jobkit.enqueue.receipt import Status
from jobkit.execute.context import current_job
from jobkit.execute.outcome import Performed
from jobkit.forks import RenewedLock
from jobkit.jobs.call import EPOCH, Options
from pytest_jobkit.recording.call_site import CallSite, call_site
from pytest_jobkit.recording.entry import CANCELLED, PENDING, RUNNING, Entry
from pytest_jobkit.recording.recording import CreatedEnqueue, Note, Recording

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from jobkit.app import App
    from jobkit.backend import Message
    from jobkit.connections.resolver import BackendSource
    from jobkit.execute.outcome import Outcome
    from jobkit.jobs.call import Call
    from jobkit.jobs.job import Job

    Performing: TypeAlias = events.Started | events.Ended | events.Settled


class Recorder(Recording):
    """Hears every event of the process while its test is on, from any thread."""

    def __init__(self, now_ms: Callable[[], int], root: Path) -> None:
        super().__init__(now_ms)
        self._root = root
        self._stored: dict[tuple[BackendSource, str], Entry] = {}
        self._early: dict[str, list[Performing]] = {}
        """What a worker did with a job before its enqueue returned."""
        self._sites: dict[int, tuple[Call, CallSite | None]] = {}
        """By the identity of the call, which is kept so that it stays one."""
        self._listeners: list[Callable[[], object]] = []
        self._lock = RenewedLock()

    # Hearing.

    def on_event(self, event: events.AnyEvent, site: CallSite | None = None) -> None:
        """An event, and the line that caused it where that is known already."""
        with self._lock:
            if site is not None and isinstance(event, events.Enqueued):
                self.placed(event.call, site)
            match event:
                case events.Enqueued():
                    self._enqueued(event)
                case events.EnqueueCreated():
                    self._waiting(event)
                case events.Deferred():
                    site = call_site(self._root)
                    self.deferred.update((id(call), (call, site)) for call in event.calls)
                case events.PerformedDirectly():
                    self._called(event)
                case events.CancelAccepted():
                    self._cancelled(event)
                case events.Started() | events.Ended() | events.Settled():
                    self._performing(event)
                case _:
                    return
        self.notify()

    def placed(self, call: Call, site: CallSite) -> None:
        """The line that enqueued a call, where that is not on the stack when it is heard of."""
        self._sites[id(call)] = call, site

    def listen(self, listener: Callable[[], object]) -> Callable[[], None]:
        """Call ``listener`` after each event, in the thread where it happens; the answer ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def notify(self) -> None:
        """Let whoever waits look again."""
        for listener in tuple(self._listeners):
            listener()

    def _waiting(self, event: events.EnqueueCreated) -> None:
        made = CreatedEnqueue(event.enqueuing, event.calls, call_site(self._root))
        self.made.append(made)
        self._sites.update((id(call), (call, made.site)) for call in made.calls)

    def _enqueued(self, event: events.Enqueued) -> None:
        receipt, site = event.receipt, self._site(event.call)
        if receipt.status is not Status.ACCEPTED:
            reason = f": {receipt.reason}" if receipt.reason else self._holder(receipt.held_by)
            why = receipt.status.value.replace("_", " ")
            self.remark(f"{event.call.job.short_name} was not enqueued, {why}{reason}", site)
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

    def _called(self, event: events.PerformedDirectly) -> None:
        call, now = event.call, self.now_ms()
        queue = call.job.app.queue_stored_as(event.queue)
        self._add(event.message, call.job, call.options, queue, now, self._site(call), None)

    def _cancelled(self, event: events.CancelAccepted) -> None:
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

    def entry_for(self, message: Message, app: App, source: BackendSource) -> Entry:
        """The entry of a delivery; a new one for a job that was stored without anybody saying so."""
        with self._lock:
            if (entry := self._stored.get((source, message.id))) is not None:
                return entry
            job = app.jobs.get(message.headers.get("job", ""))
            queue = app.queue_stored_as(message.queue)
            return self._add(message, job, Options(), queue, self.now_ms(), None, source)

    def redeliver(self, entry: Entry, how: str) -> None:
        """Its worker is gone, and said nothing: it waits to be delivered again."""
        with self._lock:
            self.twice.add(entry.job_name)
            entry.state, entry.since_ms = CANCELLED if entry.marked else PENDING, self.now_ms()
            self.remarks.append(
                Note(len(self.jobs), f"chaos: #{entry.number} {entry.short}: {how}", None, entry.parent)
            )
            self.changes += 1

    def expect(self, entry: Entry) -> None:
        """What is said next of a job with its id is about this one: ids are only unique in one namespace."""
        self._by_id[entry.id] = entry

    def _place(self, source: BackendSource, entry: Entry) -> None:
        if entry.job is not None:
            _, names = self._places.setdefault(source, (entry.job.app, []))
            if entry.message.queue not in names:
                names.append(entry.message.queue)

    def remark(self, text: str, site: CallSite | None) -> None:
        self.remarks.append(Note(len(self.jobs), text, site, self._parent()))

    def _add(
        self,
        message: Message,
        job: Job[..., Any] | None,
        options: Options,
        queue: str,
        due_ms: int,
        site: CallSite | None,
        source: BackendSource | None,
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

    def _site(self, call: Call) -> CallSite | None:
        """Of an ``aenqueue`` the line that called it, wherever it was awaited; likewise of what waited for a commit."""
        if (deferred := self.deferred.pop(id(call), None)) is not None:
            return deferred[1]
        known = self._sites.get(id(call))
        return call_site(self._root) if known is None else known[1]

    def _source(self, app: App, wire_name: str) -> BackendSource | None:
        return next((clients.source for clients, names in app.by_source().items() if wire_name in names), None)


def _milliseconds(due: datetime | None) -> int:
    return 0 if due is None else (due - EPOCH) // timedelta(milliseconds=1)
