"""The worker that an app on ``inline:`` brings along: jobs in memory are performed in this process or not at all."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import time
import weakref
from collections.abc import AsyncGenerator
from functools import partial

from jobkit.app import App
from jobkit.backend import Backend
from jobkit.connections.clients import Clients
from jobkit.connections.loop_scope import close_with_loop
from jobkit.connections.portal import CallerThread, portal
from jobkit.enqueue.at_exit import call_at_exit
from jobkit.execute.checkpoint import LeaseSink
from jobkit.execute.perform import context_of, perform
from jobkit.worker.worker import Worker, serves

log = logging.getLogger("jobkit.worker")

LEASE_MS = 30_000

_workers: weakref.WeakKeyDictionary[App, dict[asyncio.AbstractEventLoop, Worker]] = weakref.WeakKeyDictionary()


def ensure_worker(app: App, clients: Clients) -> None:
    """See to it that a worker serves these jobs: on the running loop, or in the background for callers without one."""
    if serves(app, clients) and app not in _workers:
        return  # somebody has brought a worker of their own
    workers = _workers.setdefault(app, {})
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        loop = portal().loop
        if loop not in workers:
            call_at_exit(partial(_finish, app))
        portal().call(lambda _: _serve(app, clients, workers))
        return
    if not _goes_on(workers.get(loop), _queues(app, clients)):
        task = loop.create_task(_serve(app, clients, workers), name="jobkit-embedded")
        _starting.add(task)
        task.add_done_callback(_started)


def _started(task: asyncio.Task[None]) -> None:
    _starting.discard(task)
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("the worker of an app on inline: could not be started, and its jobs wait", exc_info=error)


_starting: set[asyncio.Task[None]] = set()
"""A loop keeps only weak references to its tasks."""


def _queues(app: App, clients: Clients) -> tuple[str, ...]:
    return tuple(name for name in app.queues if app.clients(name) is clients)


def _goes_on(worker: Worker | None, queues: tuple[str, ...]) -> bool:
    return worker is not None and not worker.failure and worker.options.queues == queues


async def _serve(app: App, clients: Clients, workers: dict[asyncio.AbstractEventLoop, Worker]) -> None:
    """Start this loop's worker, or begin again with queues that were declared since."""
    loop = asyncio.get_running_loop()
    queues = _queues(app, clients)
    present = workers.get(loop)
    if _goes_on(present, queues):
        return
    worker = workers[loop] = Worker(app, queues=queues)
    if present is not None:
        await present.stop()
    else:
        close_with_loop(_until_the_loop_ends(loop, workers))
    try:
        await worker.start()
    except BaseException:
        del workers[loop]  # the next enqueue tries again
        raise


async def _until_the_loop_ends(
    loop: asyncio.AbstractEventLoop, workers: dict[asyncio.AbstractEventLoop, Worker]
) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        if (worker := workers.pop(loop, None)) is not None:
            await worker.stop()


def _finish(app: App) -> bool:
    """At the end of a program without a loop: perform what is due, in the main thread, since no other can start.

    What is not due is lost with the memory, as it has to be, so this is no failure.
    """
    workers = _workers.get(app, {})
    worker = workers.pop(portal().loop, None)
    if worker is not None:
        portal().call(lambda home: _drain(app, worker, home))
    return True


async def _drain(app: App, worker: Worker, home: CallerThread) -> None:
    await worker.stop()
    deadline = time.monotonic() + worker.options.grace
    for clients, queues in app.by_source(worker.options.queues).items():
        backend = clients.for_running_loop()
        while time.monotonic() < deadline and await _perform_one(app, backend, queues, home):
            pass
        counts = [await backend.counts(queue) for queue in queues]
        left = sum(count.scheduled + count.ready + count.leased for count in counts)
        if left:
            log.warning("%d jobs were waiting in the memory of this process, and are lost with it", left)


async def _perform_one(app: App, backend: Backend, queues: list[str], home: CallerThread) -> bool:
    deliveries = await backend.reserve(queues, limit=1, lease=LEASE_MS)
    for delivery in deliveries:
        context = context_of(delivery)
        context.carry(LeaseSink(backend, delivery.token, LEASE_MS))
        coroutine = perform(delivery, context, app, home.run)
        outcome = await asyncio.get_running_loop().create_task(coroutine, context=contextvars.Context())
        await backend.settle([outcome.settlement(delivery.token, 0)])
    return bool(deliveries)
