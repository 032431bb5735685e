"""The worker: performs an app's jobs beside whatever else runs in its event loop."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from jobkit.app import App
from jobkit.clients import Clients
from jobkit.worker.feed import Feed
from jobkit.worker.options import Options
from jobkit.worker.scheduler import Recurring, Scheduler
from jobkit.worker.slots import Slots

log = logging.getLogger("jobkit.worker")


_running: set[Worker] = set()
"""The workers of this process."""


def serves(app: App, clients: Clients) -> bool:
    """Whether a worker in this process takes this app's jobs from there."""
    return any(worker.app is app and worker.takes_from(clients) for worker in _running)


class Worker:
    """Performs an app's jobs: ``async with jobkit.Worker(app): ...``, or ``await Worker(app).run()``.

    ``queues``: all due jobs of an earlier one first; all that the app knows, if none are named. ``concurrency``:
    jobs at a time. ``lease``: seconds for which a job is kept from others when this worker is lost. ``grace``:
    seconds that running jobs have when it stops. ``ready_file`` exists while it can take jobs. ``recurring``: what it
    enqueues at its ticks, each once, whatever number of workers do the same.

    Asynchronous jobs run on the loop, plain functions in threads. Leases are kept from another thread, so a job
    may block the loop. Not promised: that a job is performed only once.
    """

    def __init__(
        self,
        app: App,
        *,
        queues: Sequence[str] | None = None,
        concurrency: int = 50,
        lease: float = 30.0,
        grace: float = 25.0,
        wait: float = 5.0,
        ready_file: Path | None = None,
        recurring: Sequence[Recurring] = (),
    ) -> None:
        self.app = app
        self.options = Options(
            queues=None if queues is None else tuple(queues),
            concurrency=concurrency,
            lease=lease,
            grace=grace,
            wait=wait,
            ready_file=ready_file,
        )
        self.scheduler = Scheduler(app, recurring)
        self._recurs = bool(recurring)
        self._scheduling: asyncio.Task[None] | None = None
        self._feeds: list[Feed] = []
        for queue in self.options.queues or ():
            app.check_queue(queue)

    @property
    def ready(self) -> bool:
        """Whether every backend answered the last reserve."""
        return bool(self._feeds) and all(feed.ready for feed in self._feeds)

    def takes_from(self, clients: Clients) -> bool:
        return any(feed.source == clients.source for feed in self._feeds)

    async def start(self) -> None:
        """Begin to take jobs, in the background of the running loop."""
        if self._feeds:
            raise RuntimeError("this worker runs already")
        if self._recurs:
            self.scheduler.check()
            self._scheduling = asyncio.get_running_loop().create_task(self.scheduler.run(), name="jobkit-scheduler")
        slots = Slots(self.options.concurrency)
        sources = self.app.by_source(self.options.queues)
        for clients, queues in sources.items():
            feed = Feed(self.app, clients, queues, self.options, slots, alone=len(sources) == 1)
            feed.changed = self._show_ready
            self._feeds.append(feed)
            log.info("taking jobs from %s, queues %s", feed.source, ", ".join(queues))
        _running.add(self)
        log.info("%d jobs at a time, leases of %g s", self.options.concurrency, self.options.lease)

    async def stop(self) -> None:
        """Take no more jobs, let running ones end within the grace, and give back the others."""
        feeds, self._feeds = self._feeds, []
        _running.discard(self)
        for feed in feeds:
            feed.begin_stop()
        self._show_ready()
        if self._scheduling is not None:
            self._scheduling.cancel()
            await asyncio.wait([self._scheduling])
        await asyncio.gather(*(feed.stop(self.options.grace) for feed in feeds))
        ended, given_back = sum(feed.ended for feed in feeds), sum(feed.given_back for feed in feeds)
        log.info("stopped: %d executions ended, %d jobs were given back", ended, given_back)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def run(self) -> None:
        """Work until the process is asked to stop (TERM or INT); the second time it ends at once."""
        asked = asyncio.Event()
        loop = asyncio.get_running_loop()

        def ask(number: int) -> None:
            if asked.is_set():
                log.warning("asked to stop again: ending at once")
                os._exit(128 + number)
            log.info("asked to stop by %s", signal.Signals(number).name)
            asked.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, ask, number)
        async with self:
            await asked.wait()

    def _show_ready(self) -> None:
        path = self.options.ready_file
        if path is None:
            return
        if self.ready:
            path.write_text(f"{os.getpid()}\n")
        else:
            path.unlink(missing_ok=True)
