"""Prometheus: what happens to jobs in this process, as metrics; and how many wait where, asked now and then.

    stop = events.observe(Metrics(app))         # beside a web app: then /metrics as the app has it
    jobkit worker shop.jobs:app --metrics 9100  # a worker's own port

Labels are names that the app declares: what a store holds can't make more of them.
"""

from __future__ import annotations

import asyncio
import logging
import time
from functools import partial
from typing import Final

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram

from jobkit.app import App
from jobkit.errors import BackendUnavailable, UnknownQueue
from jobkit.events import AnyEvent, Ended, Enqueued, Event, LeaseLost, Started

log = logging.getLogger("jobkit.observability")

EACH: Final = 15.0
"""Seconds between two looks at the queues."""

BUCKETS: Final = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3000)
"""Seconds: jobs take milliseconds, or hours."""

UNKNOWN: Final = "unknown"

WHOSE: Final = ("job", "queue")


class Metrics:
    """An observer. ``registry``: where its metrics are; the process' own unless said."""

    def __init__(self, app: App, registry: CollectorRegistry = REGISTRY) -> None:
        self._app = app
        self._began: dict[tuple[str, int], float] = {}
        counted = partial(Counter, registry=registry)
        self.enqueued = counted("jobkit_enqueued", "Enqueues that a backend answered", (*WHOSE, "status"))
        self.started = counted("jobkit_started", "Executions that began", WHOSE)
        self.ended = counted("jobkit_ended", "Executions that ended, by how they did", (*WHOSE, "state"))
        self.lost = counted("jobkit_leases_lost", "Jobs that went on without their lease", WHOSE)
        self.running = Gauge("jobkit_running", "Executions now", WHOSE, multiprocess_mode="livesum", registry=registry)
        took = "How long executions took"
        self.seconds = Histogram("jobkit_seconds", took, WHOSE, buckets=BUCKETS, registry=registry)

    def __call__(self, event: AnyEvent) -> None:
        if not isinstance(event, Event):
            return
        whose = self._labels(event)
        match event:
            case Enqueued():
                self.enqueued.labels(*whose, str(event.receipt.status)).inc()
            case Started():
                self._began[event.id, event.attempt] = time.monotonic()
                self.started.labels(*whose).inc()
                self.running.labels(*whose).inc()
            case Ended():
                self.ended.labels(*whose, event.outcome.state.value).inc()
                if (began := self._began.pop((event.id, event.attempt), None)) is not None:
                    self.running.labels(*whose).dec()
                    self.seconds.labels(*whose).observe(time.monotonic() - began)
            case LeaseLost():
                self.lost.labels(*whose).inc()
            case _:
                return

    def _labels(self, event: Event) -> tuple[str, str]:
        return (event.job if event.job in self._app.jobs else UNKNOWN, queue_of(self._app, event.queue))


def queue_of(app: App, stored: str) -> str:
    """A queue's own name, by the one that it has in the store."""
    try:
        return app.queue_stored_as(stored)
    except UnknownQueue:
        return UNKNOWN


class QueueMetrics:
    """How many jobs wait, run and are dead, and how long the first has been waiting: what scaling goes by."""

    def __init__(self, app: App, registry: CollectorRegistry = REGISTRY) -> None:
        self._app = app
        self.jobs = Gauge("jobkit_queue_jobs", "Jobs in the store", ("queue", "state"), registry=registry)
        self.oldest = Gauge(
            "jobkit_queue_oldest_ready_seconds",
            "How long the first job has been waiting",
            ("queue",),
            registry=registry,
        )
        self.paused = Gauge("jobkit_queue_paused", "1 while it grants nothing", ("queue",), registry=registry)

    async def run(self) -> None:
        """Ask now and then, until cancelled; backends that can't be looked into are left out."""
        while True:
            try:
                await self.look()
            except BackendUnavailable as error:
                log.warning("the queues could not be counted: %s", error)
            except Exception:
                log.exception("the queues could not be counted")
            await asyncio.sleep(EACH)

    async def look(self) -> None:
        for clients, names in self._app.by_source().items():
            backend = clients.for_running_loop()
            if not backend.capabilities.inspect:
                continue
            for stored in names:
                counts = await backend.counts(stored)
                queue = queue_of(self._app, stored)
                for state in ("ready", "scheduled", "leased", "dead"):
                    self.jobs.labels(queue, state).set(getattr(counts, state))
                oldest = counts.oldest_ready
                waiting = 0.0 if oldest is None else max(0.0, time.time() - oldest / 1000)
                self.oldest.labels(queue).set(waiting)
                self.paused.labels(queue).set(counts.paused)
