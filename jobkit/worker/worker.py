"""The worker: performs an app's jobs beside whatever else runs in its event loop."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from collections.abc import Sequence
from typing import Final, Self, Unpack
from weakref import WeakSet

from msgspec import structs

from jobkit.app import App
from jobkit.connections.clients import Clients
from jobkit.errors import ConfigurationError, WorkerFailed
from jobkit.forks import Forkable, track
from jobkit.redaction import printable
from jobkit.schedule.recurring import Recurring
from jobkit.worker import signal_handling
from jobkit.worker.background_task import BackgroundTask
from jobkit.worker.fetcher import Fetcher
from jobkit.worker.health_files import HealthFiles
from jobkit.worker.options import Options, Stated
from jobkit.worker.queue_order import QueueOrder, StrictOrder, WeightedRoundRobin
from jobkit.worker.recycling import RecyclePolicy
from jobkit.worker.running_job import CHILDREN, THREADS
from jobkit.worker.runtime import SYSTEM_RUNTIME, Runtime
from jobkit.worker.scheduler import Scheduler
from jobkit.worker.slots import Slots
from jobkit.worker.stats import WorkerStats
from jobkit.worker.stop_requests import StopRequest, StopRequests

log = logging.getLogger("jobkit.worker")

FAREWELL: Final = 1.0
"""Seconds. A loop that lives on for longer did not cancel its tasks in order to end."""


class RunningWorkers(Forkable):
    """The workers of this process: a forked child has none, and one whose loop ended without a stop is forgotten."""

    def __init__(self) -> None:
        self.all: WeakSet[Worker] = WeakSet()
        track(self)

    def after_fork_in_child(self) -> None:
        self.all = WeakSet()


_running = RunningWorkers()


def serves(app: App, clients: Clients) -> bool:
    """Whether a worker in this process takes this app's jobs from there."""
    return any(worker.app is app and worker.takes_from(clients) for worker in _running.all)


class Worker:
    """Performs an app's jobs: ``async with jobkit.Worker(app): ...``, or ``await Worker(app).run()``.

    What may be stated is what `Options` has: ``Worker(app, queues=["mail"], concurrency=10)``, or ``options=`` as a
    whole. ``recurring``: what it enqueues at its ticks beside what the app declares, each once, whatever number of
    workers do the same. ``host``: where time, luck and a second thread come from, for those who play it in another
    time.

    Asynchronous jobs run on the loop, plain functions in threads. Leases are kept from another thread, so a job
    may block the loop. Not promised: that a job is performed only once.
    """

    def __init__(
        self,
        app: App,
        *,
        options: Options | None = None,
        recurring: Sequence[Recurring] = (),
        host: Runtime = SYSTEM_RUNTIME,
        **stated: Unpack[Stated],
    ) -> None:
        if options is not None and stated:
            raise ConfigurationError("a worker has options=, or single ones, not both")
        self.app = app
        self.options = options or Options(**stated)
        self.scheduler = Scheduler(app, recurring)
        self._host = host
        self._files = HealthFiles(self.options.ready_file, self.options.live_file)
        self._scheduling: BackgroundTask | None = None
        self._feeds: list[Fetcher] = []
        self._all: list[Fetcher] = []
        """Since it was started, also while they stop."""
        self._moved = asyncio.Event()
        self._failure = ""
        """Why it works no more, though nobody stopped it."""
        self._asked = asyncio.Event()
        self._requests = StopRequests()
        for queue in (*(self.options.queues or ()), *(self.options.weights or ())):
            app.check_queue(queue)

    @property
    def ready(self) -> bool:
        """Whether every backend answered the last reserve, and all of its background tasks go on."""
        return bool(self._feeds) and not self._failure and all(feed.ready for feed in self._feeds)

    @property
    def failure(self) -> str:
        """Why it takes no more jobs, though nobody stopped it; empty while it works."""
        return self._failure

    @property
    def figures(self) -> WorkerStats:
        """What it has done since it was started."""
        return structs.replace(WorkerStats.total(feed.figures for feed in self._all), ready=self.ready)

    def takes_from(self, clients: Clients) -> bool:
        return any(feed.source == clients.source for feed in self._feeds)

    async def start(self) -> None:
        """Begin to take jobs, in the background of the running loop."""
        if self._feeds:
            raise RuntimeError("this worker runs already")
        self._all = []
        self._failure = ""
        if self.options.schedules and self.scheduler.recurring:
            self.scheduler.check()
        self._files.begin(lambda: not self._failure)
        if self.options.schedules and self.scheduler.recurring:
            self._scheduling = BackgroundTask("scheduler", self.scheduler.run, self._fail, self._host)
        slots = Slots(self.options.concurrency, self._pools())
        sources = self.app.by_source(self.options.queues)
        for clients, queues in sources.items():
            feed = Fetcher(
                *(self.app, clients, self._order(queues), self.options, slots, self._host),
                alone=len(sources) == 1,
                changed=self._note,
                ended=self._fail,
            )
            self._feeds.append(feed)
            self._all.append(feed)
            log.info("taking jobs from %s, queues %s", feed.source, ", ".join(map(printable, queues)))
            self._warn_of_short_leases(clients)
        _running.all.add(self)
        log.info("%d jobs at a time, leases of %g s", self.options.concurrency, self.options.lease)

    def _warn_of_short_leases(self, clients: Clients) -> None:
        """A store that outlives this process is one that it can be cut off from."""
        claims = clients.for_running_loop().capabilities
        if claims.durable is not None and self.options.lease_ms < 2 * claims.timeout:
            log.warning(
                "leases of %g s are shorter than twice the %g s that %s takes to notice a dead connection: they may "
                "run out under jobs that go on; give a longer lease, or a shorter timeout in the backend's URL",
                *(self.options.lease, claims.timeout / 1000, clients.source),
            )

    def _order(self, queues: list[str]) -> QueueOrder:
        weights = self.options.weights
        if weights is None:
            return StrictOrder(queues)
        known = {self.app.check_queue(name): weight for name, weight in weights.items()}
        return WeightedRoundRobin({name: known.get(self.app.queue_stored_as(name), 1) for name in queues})

    def _pools(self) -> dict[str, int]:
        pools = {} if self.options.threads is None else {THREADS: self.options.threads}
        if any(job.isolated for job in self.app.performables.values()):
            pools[CHILDREN] = self.options.children or os.cpu_count() or 1
        return pools

    async def stop(self) -> None:
        """Take no more jobs, let running ones end within the grace, and give back the others.

        Cancelled, it interrupts them at once and waits for nothing.
        """
        feeds, self._feeds = self._feeds, []
        _running.all.discard(self)
        for feed in feeds:
            feed.begin_stop()
        try:
            if self._scheduling is not None:
                self._scheduling.cancel()
                await self._scheduling.wait()
            await asyncio.gather(*(feed.stop(self.options.grace) for feed in feeds))
        except asyncio.CancelledError:
            for feed in feeds:
                feed.abandon()
            raise
        finally:
            self._files.end()
        done = WorkerStats.total(feed.figures for feed in feeds)
        log.info("stopped: %d executions ended, %d jobs were given back", done.ended, done.given_back)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def run(self) -> None:
        """Work until the process is asked to stop (TERM or INT; the second time it ends at once), or has done enough.

        It has, when ``max_jobs`` or ``max_memory`` say so. `WorkerFailed`: it can't go on, because its client was
        closed for example.
        """
        signal_handling.handle({signal.SIGTERM: self.ask, signal.SIGINT: self.ask})
        async with self:
            await self._until_asked_or_done()
        if not self._asked.is_set():
            signal_handling.release(signal.SIGTERM, signal.SIGINT)

    def ask(self, number: int) -> None:
        """Do what a signal asks for: stop, or end at once if it is a second one and no repetition of the first."""
        match self._requests.signal(time.monotonic()):
            case StopRequest.END_NOW:
                log.warning("asked to stop again: ending at once")
                os._exit(128 + number)
            case StopRequest.STOP:
                self.request_stop(signal.Signals(number).name)
            case StopRequest.SAME:
                log.debug("%s was delivered twice", signal.Signals(number).name)

    def request_stop(self, by: str) -> None:
        """Let `run` stop. Further calls do nothing."""
        if not self._asked.is_set():
            log.info("asked to stop by %s", by)
        self._asked.set()
        self._moved.set()

    async def _until_asked_or_done(self) -> None:
        retirement = RecyclePolicy(self.options.max_jobs, self.options.max_memory)
        while not self._asked.is_set():
            if self._failure:
                raise WorkerFailed(f"this worker can't go on: {self._failure}")
            reason = retirement.reason(self.figures.ended) if retirement.wanted else None
            if reason is not None:
                log.info("stopping for another worker to begin: %s", reason)
                return
            self._moved.clear()
            await self._moved.wait()

    def _fail(self, reason: str) -> None:
        """A background task has ended for good. Tell of it, unless that is because the loop is about to end."""
        if self._failure:
            return
        self._failure = reason
        self._note()
        asyncio.get_running_loop().call_later(
            FAREWELL, log.error, "this worker takes no more jobs, and has to be started again: %s", reason
        )

    def _note(self) -> None:
        """A feed has something to tell."""
        self._moved.set()
        self._files.set_ready(ready=self.ready)
