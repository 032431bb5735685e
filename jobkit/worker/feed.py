"""Feeds one backend's jobs to a worker: reserve what can start, start it, settle how it ended."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from jobkit import events
from jobkit.backend import Delivery, Release
from jobkit.clients import Clients
from jobkit.context import JobContext
from jobkit.errors import BackendUnavailable, Closed
from jobkit.execution import Registry, context_of, headline, limits_of, overran, perform, reason_of
from jobkit.outcome import Outcome, Performed
from jobkit.worker.keeper import Keeper, News
from jobkit.worker.options import Options
from jobkit.worker.pause import Pause
from jobkit.worker.settler import Ending, Settler
from jobkit.worker.slots import Slots
from jobkit.worker.threads import Threads

log = logging.getLogger("jobkit.worker")

SETTLING = 5.0
"""Seconds that a stopping worker tries to settle what has ended; what it can't settle is performed again."""

STUBBORN = 1.0
"""Seconds that a cancelled asynchronous job has to end, before it is given back as it is."""


@dataclass(slots=True)
class Running:
    """A job that has started; ``thread`` when a plain function performs it."""

    delivery: Delivery
    context: JobContext
    task: asyncio.Task[None] | None = None
    thread: Future[Any] | None = None
    overrun: asyncio.TimerHandle | None = None
    """When the job's limit is over, and the time that it has to end then."""


class Feed:
    """Belongs to the event loop that started it. ``alone``: no other feed wants the slots."""

    def __init__(
        self, registry: Registry, clients: Clients, queues: list[str], options: Options, slots: Slots, *, alone: bool
    ) -> None:
        self.source = clients.source
        self.queues = queues
        self.ready = False
        self.ended = 0
        self.given_back = 0
        self.changed: Callable[[], None] = lambda: None
        self._registry = registry
        self._backend = clients.here()
        self._lease_ms = options.lease_ms
        self._patience = min(STUBBORN, options.lease / 3)  # what a lease at its job's limit has left, at least
        self._wait_ms = round(min(options.wait, options.lease / 3) * 1000) if self._backend.capabilities.wait else 0
        self._slots = slots
        self._alone = alone
        self._threads = Threads()
        self._running: dict[str, Running] = {}
        self._idle = asyncio.Event()
        self._idle.set()
        self._loop = asyncio.get_running_loop()
        self._keeper = Keeper(clients.source, options.lease_ms, self._tell)
        self._settler = Settler(self._backend, self._keeper.drop)
        self._stopping = False
        self._task = self._loop.create_task(self._feed(), name="jobkit-feed")

    # Reserve.

    async def _feed(self) -> None:
        """Until cancelled. While there is work no reserve waits; once there was none the next one does."""
        pause = Pause()
        found = True
        while True:
            waits = self._alone or not found
            taken = await self._slots.take(self._backend.capabilities.max_batch if found or self._alone else 1)
            deliveries: list[Delivery] = []
            sent = time.monotonic()
            try:
                deliveries = await self._reserve(taken, self._wait_ms if waits else 0)
            except Closed:
                log.error("no more jobs from %s: its client was closed under this worker", self.source)
                self._turn(ready=False)
                return
            except Exception as error:  # noqa: BLE001 - told, and tried again: a worker outlives its store
                self._complain(error)
                await pause.rest()
                continue
            finally:
                self._slots.give_back(taken - len(deliveries))
            self._turn(ready=True)
            found = bool(deliveries)
            if found or self._backend.capabilities.wait:
                pause.over()
            else:
                await pause.rest()
            self._start(deliveries, sent)

    async def _reserve(self, limit: int, wait: int) -> list[Delivery]:
        reserving = self._loop.create_task(
            self._backend.reserve(self.queues, limit=limit, lease=self._lease_ms, wait=wait)
        )
        try:
            return await asyncio.shield(reserving)
        except asyncio.CancelledError:
            reserving.cancel()
            await self._release_what(reserving)
            raise

    async def _release_what(self, reserving: asyncio.Task[list[Delivery]]) -> None:
        """A reserve that was too far to be cancelled: nobody here will start what it took."""
        await asyncio.wait([reserving])
        if not reserving.cancelled() and reserving.exception() is None and (deliveries := reserving.result()):
            await self._backend.settle([Release(delivery.token) for delivery in deliveries])

    def _complain(self, error: Exception) -> None:
        if isinstance(error, BackendUnavailable):
            log.warning("no jobs from %s, trying again: %s", self.source, error)
        else:
            log.error("no jobs from %s, trying again", self.source, exc_info=error)
        self._turn(ready=False)

    def _turn(self, *, ready: bool) -> None:
        if self.ready is not ready:
            self.ready = ready
            self.changed()

    # Perform.

    def _start(self, deliveries: list[Delivery], sent: float) -> None:
        if not deliveries:
            return
        self._idle.clear()
        limits = limits_of(deliveries, self._registry)
        self._keeper.hold([delivery.token for delivery in deliveries], sent, limits)
        for delivery in deliveries:
            running = Running(delivery, context_of(delivery))
            self._running[delivery.token] = running
            running.task = self._loop.create_task(self._perform(running), context=contextvars.Context())
            if delivery.token in limits:
                running.overrun = self._loop.call_later(limits[delivery.token] + self._patience, self._overrun, running)

    async def _perform(self, running: Running) -> None:
        context = running.context
        if events.observers:
            events.emit(events.Started(id=context.id, job=context.job, queue=context.queue, attempt=context.attempt))
        try:
            outcome = await perform(running.delivery, context, self._registry, self._in_thread(running))
        except BaseException as error:  # noqa: BLE001 - the job has an end, and its slot is free again
            outcome = Outcome(state=Performed.DEAD, error=error, reason=reason_of(error))
        self._end(running, outcome)

    def _in_thread(self, running: Running) -> Callable[[Callable[[], Any]], Awaitable[Any]]:
        async def plain(function: Callable[[], Any]) -> Any:
            running.thread = self._threads.submit(function)
            return await asyncio.wrap_future(running.thread)

        return plain

    def _overrun(self, running: Running) -> None:
        """A job that was cancelled at its limit and goes on: it has failed, and keeps its slot."""
        if running.delivery.token in self._running:
            self._end(running, overran(running.delivery, running.context, self._registry))

    def _end(self, running: Running, outcome: Outcome) -> None:
        if self._running.pop(running.delivery.token, None) is None:
            return  # given back, or past its limit
        if running.overrun is not None:
            running.overrun.cancel()
        self._free_slot(running)
        self.ended += outcome.state is not Performed.INTERRUPTED
        self.given_back += outcome.state is Performed.INTERRUPTED
        _report(running.context, outcome)
        self._settler.settle(Ending(running.delivery, running.context, outcome, time.monotonic()))
        if not self._running:
            self._idle.set()

    def _free_slot(self, running: Running) -> None:
        """What does not end, a thread or a job past its limit, keeps its slot until it does."""
        thread, task = running.thread, running.task
        if thread is not None and not thread.done():
            log.warning("%r: its thread goes on and keeps its slot", running.context)
            thread.add_done_callback(lambda _: self._from_thread(self._slots.give_back))
        elif running.context.past_limit and task is not None and task is not asyncio.current_task():
            log.warning("%r: it goes on past its limit and keeps its slot", running.context)
            task.add_done_callback(lambda _: self._slots.give_back())
        else:
            self._slots.give_back()

    # Leases.

    def _tell(self, token: str, news: News) -> None:
        """In the keeper's thread: the job is told at once, also one that blocks the loop."""
        running = self._running.get(token)
        if running is None:
            return
        if news is News.CANCELLED:
            running.context.cancelled = True
        else:
            running.context.lease_lost = True
        self._from_thread(lambda: self._react(token, news))

    def _react(self, token: str, news: News) -> None:
        running = self._running.get(token)
        if running is None:
            return
        context = running.context
        if news is News.CANCELLED:
            log.info("%r was cancelled", context)
        else:
            log.warning("%r %s its lease: it may be performed elsewhere too", context, _LOST[news])
            events.emit(events.LeaseLost(id=context.id, job=context.job, queue=context.queue, attempt=context.attempt))
        if news is not News.RAN_OUT and running.thread is None and running.task is not None:
            running.task.cancel()

    def _from_thread(self, call: Callable[[], None]) -> None:
        try:
            self._loop.call_soon_threadsafe(call)
        except RuntimeError:
            return  # the loop has ended, and with it everything that this was for

    # Stop.

    def begin_stop(self) -> None:
        """Reserve nothing more; jobs that look see that they should stop."""
        if self._stopping:
            return
        self._stopping = True
        self._task.cancel()
        self._turn(ready=False)
        for running in self._running.values():
            running.context.stopping = True

    async def stop(self, grace: float) -> None:
        """Let running jobs end within the grace, their leases kept; give back the others; settle everything."""
        self.begin_stop()
        await asyncio.wait([self._task])
        try:
            async with asyncio.timeout(grace):
                await self._idle.wait()
        except TimeoutError:
            await self._interrupt()
        await self._settler.finish(within=SETTLING)
        await self._keeper.close()
        self._threads.close()

    async def _interrupt(self) -> None:
        tasks = [running.task for running in self._running.values() if running.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=STUBBORN)
        for running in tuple(self._running.values()):
            log.warning("%r does not end when cancelled: given back as it is", running.context)
            self._end(running, Outcome(state=Performed.INTERRUPTED))


_LOST = {News.RAN_OUT: "could not keep", News.LOST: "lost"}


def _report(context: JobContext, outcome: Outcome) -> None:
    """One line an ending, in the words that an operator greps for."""
    if events.observers:
        events.emit(
            events.Ended(id=context.id, job=context.job, queue=context.queue, attempt=context.attempt, outcome=outcome)
        )
    match outcome.state:
        case Performed.DEAD:
            log.error("%r is dead: %s", context, _first_line(outcome), exc_info=outcome.error)
        case Performed.RETRYING:
            error = headline(outcome.error) if outcome.error else ""
            log.warning("%r raised %s; again in %.3g s", context, error, outcome.retry_in or 0)
        case Performed.INTERRUPTED:
            log.info("%r was interrupted and is given back", context)
        case _:
            log.debug("%r %s", context, outcome.state.value)


def _first_line(outcome: Outcome) -> str:
    return (outcome.reason or "").partition("\n")[0]
