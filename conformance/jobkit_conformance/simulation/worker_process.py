"""jobkit's worker as a simulated process: its threads stand still or end with it, its jobs do what is written."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from jobkit import events
from jobkit.app import App
from jobkit.backend import Backend, Capabilities, Message
from jobkit.connections.clients import Clients
from jobkit.connections.resolver import BackendSource
from jobkit.execute.context import JobContext, current_job
from jobkit.jobs.envelope import Envelope
from jobkit.retry import Retry
from jobkit_conformance.harness import BackendHarness
from jobkit_conformance.history.history import History, WorkerSideRecorder
from jobkit_conformance.history.worker_history import Interval, JobRun, JobSpec, WorkerHistory, keeper_of
from jobkit_conformance.scenario import SECOND, Job, StartWorker
from jobkit_conformance.simulation.loop import SimulatedLoop
from jobkit_conformance.simulation.network import SimulatedLink
from jobkit_conformance.simulation.virtual_thread import VirtualThread

if TYPE_CHECKING:
    from jobkit.worker import Worker

Open: TypeAlias = Callable[[str, SimulatedLink], Coroutine[Any, Any, Backend]]
"""Opens a client of the store under a name."""

ATTEMPTS: Final = 3
WAIT: Final = SECOND
"""Milliseconds from a failure to the next attempt."""
LIMIT: Final = SECOND
"""Milliseconds that one attempt of a limited job may take."""
LUCK: Final = 0.5
WRITTEN: Final = "as written"
"""Says of an error that a job raised it by itself."""


class Alien(BaseException):
    """Derives from nothing that anybody expects."""


ERRORS: Final[Mapping[str, type[BaseException]]] = {
    "error": ValueError,
    "alien": Alien,
    "cancelled": asyncio.CancelledError,
}
"""What a job may raise."""


def message_of(job: Job, queue: str) -> Message:
    """A job as it is enqueued."""
    headers = Envelope("limited" if job.limited else "job", "json", b"{}").headers()
    return Message(job.id, queue, b"{}", job.priority, after=job.after, headers=headers)


def job_spec_of(job: Job, store: Capabilities) -> JobSpec:
    """What is declared of it below, as far as the store can keep it."""
    limit = LIMIT if job.limited else None
    return JobSpec(ATTEMPTS, limit, WAIT, buried=store.dead_letters, delayed=store.delay)


class _FixedClients(Clients):
    """The clients of a process: opened already, and never closed by a loop that ends."""

    def __init__(self, own: Backend, keeper: Backend, namespace: str) -> None:
        super().__init__(BackendSource(lambda _url, _namespace, _clock: keeper, None, namespace))
        self._own = own

    def for_running_loop(self) -> Backend:
        return self._own


class _App(App):
    """An app whose workers take their jobs from where the play says."""

    def __init__(self, clients: Clients) -> None:
        super().__init__("inline:")
        self._clients = clients

    def clients(self, queue: str) -> Clients:
        return self._clients

    def by_source(self, queues: Sequence[str] | None = None) -> dict[Clients, list[str]]:
        return {self._clients: list(self.queues if queues is None else queues)}


class SimulatedRuntime:
    """The machine that a process runs on: time is the loop's, luck is even, a second thread is another strand."""

    def __init__(self, hand: SimulatedWorker) -> None:
        self._hand = hand

    def monotonic(self) -> float:
        return self._hand.main.time()

    def random(self) -> float:
        return LUCK

    def run_in_thread(self, main: Callable[[], Coroutine[Any, Any, None]]) -> Future[None]:
        ended: Future[None] = Future()
        self._hand.thread().create_task(main()).add_done_callback(lambda _: ended.set_result(None))
        return ended


def _end_of(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)


class SimulatedWorker:
    """One worker process, and what can be done to it."""

    def __init__(
        self,
        loop: SimulatedLoop,
        history: History,
        name: str,
        options: StartWorker,
        jobs: Mapping[str, Job],
        queue: str,
    ) -> None:
        self.name = name
        self._loop = loop
        self._history = history
        self._options = options
        self._jobs = jobs
        self._queues = [queue, name]
        self._strands: list[VirtualThread] = []
        self._worker: Worker | None = None
        self._client: Backend | None = None
        self._died: asyncio.Future[None] = loop.create_future()
        self._wires: list[SimulatedLink] = []
        self._ending: asyncio.Task[None] | None = None
        self.main = self.thread()
        self.process: WorkerHistory | None = None
        """What the history has of it, once it works."""

    def thread(self) -> VirtualThread:
        strand = self._loop.strand()
        self._strands.append(strand)
        return strand

    @property
    def concurrency(self) -> int:
        return self._options.concurrency

    @property
    def works(self) -> bool:
        return self.process is not None and self.process.lives and self._ending is None

    async def start(self, harness: BackendHarness, open: Open, namespace: str, *, faulty: bool) -> None:
        """Begin to take jobs; returns when it does, or has died over it."""
        self._wires = [
            SimulatedLink(self._loop, self._history, name, faulty=faulty, died=self._died, dies=self.crash)
            for name in (self.name, keeper_of(self.name))
        ]
        begun = self.main.create_task(self._start(harness, open, namespace))
        self.process = self._history.hire(self.name, self._options)
        over = self._loop.create_future()
        begun.add_done_callback(lambda _: _end_of(over))
        await asyncio.wait([over, self._died], return_when=asyncio.FIRST_COMPLETED)
        if begun.done():
            begun.result()

    async def _start(self, harness: BackendHarness, open: Open, namespace: str) -> None:
        own, keeper = [self._heard(await open(wire.name, wire), wire.name) for wire in self._wires]
        self._client = own
        app = self._app(_FixedClients(own, keeper, namespace))
        options = self._options
        self._worker = harness.worker(
            app,
            queues=self._queues,
            concurrency=options.concurrency,
            lease=options.lease / 1000,
            grace=options.grace / 1000,
            host=SimulatedRuntime(self),
        )
        await self._worker.start()

    def _heard(self, backend: Backend, name: str) -> Backend:
        return WorkerSideRecorder(backend, self._history, self._record, name)

    def _app(self, clients: Clients) -> App:
        app = _App(clients)
        for queue in self._queues:
            app.queue(queue)
        again = Retry(attempts=ATTEMPTS, wait=WAIT / 1000)

        @app.job(name="job", retry=again)
        async def job() -> None:
            await self._perform()

        @app.job(name="limited", retry=again, limit=LIMIT / 1000)
        async def limited() -> None:
            await self._perform()

        return app

    # What its jobs do.

    async def _perform(self) -> None:
        context = current_job()
        assert context is not None
        start = self._history.started(self._record, context.id, context.attempt)
        self._history.note(self.name, f"starts {context.id} (attempt {context.attempt})")
        try:
            await self._act(self._jobs[context.id], context)
        except BaseException as error:
            self._end(start, context, error)
            raise
        self._end(start, context, None)

    def _end(self, start: JobRun, context: JobContext, error: BaseException | None) -> None:
        if self._loop.over:
            return
        start.raised = type(error).__name__ if error is not None else ""
        start.own = error is not None and error.args == (WRITTEN,)
        start.told = context.lease_lost
        start.ended, start.to_ms = self._history.instant()
        self._history.note(self.name, f"{context.id} {f'raises {start.raised}' if error is not None else 'returns'}")

    async def _act(self, job: Job, context: JobContext) -> None:
        if job.child is not None and self._client is not None:
            await self._client.enqueue([message_of(self._jobs[job.child], self._queues[0])])
        if job.blocks:
            await self._block(job.ms)
        else:
            await self._spend(job)
        if context.attempt <= job.fails:
            raise ERRORS[job.error](WRITTEN)

    async def _spend(self, job: Job) -> None:
        end = self.main.time() + job.ms / 1000
        while (left := end - self.main.time()) > 0:
            try:
                await asyncio.sleep(left)
            except asyncio.CancelledError:
                if not job.stubborn or self._loop.over:
                    raise
                if (task := asyncio.current_task()) is not None:
                    task.uncancel()

    async def _block(self, milliseconds: int) -> None:
        """The thread of the event loop is busy: nothing of it runs, and its keeper's goes on."""
        over, begun = self.main.create_future(), self._history.instant()
        self.main.pause()

        def go_on() -> None:
            _end_of(over)
            self.main.unpause()
            self._record.blocked.append(Interval(*begun, *self._history.instant()))

        self._loop.call_later(milliseconds / 1000, go_on)
        await over

    # What happens to it.

    async def pause(self, milliseconds: int) -> None:
        """Let nothing of it run for so long, as with SIGSTOP."""
        begun = self._history.instant()
        self._history.note(self.name, "stands still")
        for strand in self._strands:
            strand.pause()
        frozen = tuple(self._strands)
        await asyncio.sleep(milliseconds / 1000)
        for strand in frozen:
            strand.unpause()
        self._history.note(self.name, "goes on")
        self._record.frozen.append(Interval(*begun, *self._history.instant()))

    async def partition(self, milliseconds: int) -> None:
        """Let nothing travel between it and the store for so long."""
        begun = self._history.instant()
        self._history.note(self.name, "is cut off")
        for wire in self._wires:
            wire.cut = True
        await asyncio.sleep(milliseconds / 1000)
        self.look()
        for wire in self._wires:
            wire.cut = False
        self._history.note(self.name, "is cut off no more")
        self._record.cut.append(Interval(*begun, *self._history.instant()))

    def crash(self) -> None:
        """Let nothing of it ever run again, as with SIGKILL."""
        if self._record.died is None and self._record.stopped is None:
            self._history.note(self.name, "is killed")
            self._record.died, self._record.died_ms = self._history.instant()
        for strand in self._strands:
            strand.gone = True
        if not self._died.done():
            self._died.set_result(None)

    def request_stop(self) -> None:
        """Ask it to stop, as TERM does."""
        if self._ending is None and self._worker is not None:
            self._history.note(self.name, "is asked to stop")
            self._ending = self.main.create_task(self._stop(self._worker))

    async def _stop(self, worker: Worker) -> None:
        self._record.asked, self._record.asked_ms = self._history.instant()
        try:
            await worker.stop()
        except Exception as error:  # noqa: BLE001 - it is the worker's, and told
            self._record.fell = f"{type(error).__name__}: {error}"
            self._history.note(self.name, f"raises {self._record.fell}")
            return
        if not self._loop.over:
            self._history.note(self.name, "has stopped")
            self._record.stopped, self._record.stopped_ms = self._history.instant()

    def look(self) -> None:
        """Ask it whether it is ready."""
        if self._worker is not None and self.works:
            self._record.ready.append((*self._history.instant(), self._worker.ready))

    def report(self, event: events.AnyEvent) -> None:
        """Hears what workers report; of its own, what it says about lost leases."""
        if isinstance(event, events.LeaseLost) and asyncio.get_running_loop() in self._strands:
            self._record.reported.add(event.id)

    @property
    def _record(self) -> WorkerHistory:
        assert self.process is not None
        return self.process
