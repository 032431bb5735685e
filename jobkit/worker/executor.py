"""What one feed has started: performed, kept under lease, settled, and given back when its worker stops."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from jobkit import events
from jobkit.backend import Delivery
from jobkit.connections.clients import Clients
from jobkit.errors import ProcessLost, TimeLimit
from jobkit.execute.machine import NotStarted, is_machine_fault
from jobkit.execute.outcome import Outcome, Performed
from jobkit.execute.perform import (
    Registry,
    context_of,
    error_summary,
    limits_of,
    outcome_of_error,
    outcome_of_lost_process,
    outcome_of_overrun,
    perform,
    reason_of,
)
from jobkit.jobs.limits import run_with_limit
from jobkit.worker.background_task import BackgroundTask
from jobkit.worker.job_log import log_outcome
from jobkit.worker.lease_checkpoints import LeaseCheckpoints
from jobkit.worker.leases import LeaseEvent, LeaseKeeper
from jobkit.worker.options import Options
from jobkit.worker.process_pool import ProcessPool
from jobkit.worker.running_job import CHILDREN, RunningJob, pool_of
from jobkit.worker.runtime import Runtime
from jobkit.worker.settler import FinishedJob, Settler
from jobkit.worker.shortage import FIRST_REST, Shortage
from jobkit.worker.slots import Slots
from jobkit.worker.stats import WorkerStats
from jobkit.worker.thread_pool import ThreadPool

log = logging.getLogger("jobkit.worker")

SETTLING = 5.0
"""Seconds that a stopping worker tries to settle what has ended; what it can't settle is performed again."""

CANCEL_TIMEOUT = 1.0
"""Seconds that a cancelled asynchronous job has to end, before it is given back as it is."""


class Executor:
    """Belongs to the event loop that made it. ``changed``: called when one of them has ended.

    ``ended``: called with the reason if one of its background tasks has ended for good.
    """

    def __init__(
        self,
        registry: Registry,
        clients: Clients,
        options: Options,
        slots: Slots,
        host: Runtime,
        changed: Callable[[], None],
        ended: Callable[[str], None],
    ) -> None:
        self.ended = 0
        self.failed = 0
        self.given_back = 0
        self._registry = registry
        self._backend = clients.for_running_loop()
        self._patience = min(CANCEL_TIMEOUT, options.lease / 3)  # what a lease at its job's limit has left, at least
        self._cancel_timeout = options.lease / 3
        """Seconds that a cancelled isolated job has to end: a third of its lease has passed when it is told, at most
        half of it."""
        self._slots = slots
        self._host = host
        self._changed = changed
        self._threads = ThreadPool(Shortage("threads for plain jobs", host.monotonic))
        self._children = ProcessPool(Shortage("processes for isolated jobs", host.monotonic))
        self._keepers = Shortage("threads that keep leases", host.monotonic)
        self._running: dict[str, RunningJob] = {}
        self._idle = asyncio.Event()
        self._idle.set()
        self._loop = asyncio.get_running_loop()
        self._keeper = LeaseKeeper(clients.source, options.lease_ms, self._tell, host)
        self._keeping: BackgroundTask | None = None
        """From the first job on."""
        self._task_ended = ended
        self._settler = Settler(self._backend, self._keeper.untrack, host, ended)

    def figures(self, *, ready: bool) -> WorkerStats:
        return WorkerStats(
            ready=ready,
            running=len(self._running),
            ended=self.ended,
            failed=self.failed,
            given_back=self.given_back,
        )

    def store_is_back(self) -> None:
        """What ended meanwhile is settled now."""
        self._settler.store_is_back()

    # Perform.

    def start(self, deliveries: list[Delivery], sent: float) -> None:
        """Each in a task of its own, its lease kept. ``sent``: when they were asked for, on the monotonic clock.

        On a machine that has no thread to keep their leases none is started, and all are given back.
        """
        if not deliveries:
            return
        limits = limits_of(deliveries, self._registry)
        not_kept = self._track(deliveries, sent, limits)
        self._idle.clear()
        for delivery in deliveries:
            running = RunningJob(delivery, context_of(delivery), pool=pool_of(delivery, self._registry))
            self._slots.keep(running.pool)
            running.context.carry(LeaseCheckpoints(self._keeper, self._backend.capabilities, delivery.token))
            self._running[delivery.token] = running
            if not_kept is not None:
                self._end(running, Outcome(state=Performed.INTERRUPTED, error=not_kept))
                continue
            running.limit = limits.get(delivery.token)
            running.task = self._loop.create_task(self._perform(running), context=contextvars.Context())

    def not_started(self, deliveries: list[Delivery]) -> list[Delivery]:
        """Return those that `start` could not start. Their leases are kept no longer."""
        left = [delivery for delivery in deliveries if delivery.token not in self._running]
        self._keeper.untrack([delivery.token for delivery in left])
        return left

    def _track(self, deliveries: list[Delivery], sent: float, limits: Mapping[str, float]) -> NotStarted | None:
        """Keep their leases. Return why that can't be done on this machine now, or None."""
        try:
            self._keeper.track([delivery.token for delivery in deliveries], sent, limits)
        except Exception as error:
            if not is_machine_fault(error):
                raise
            return self._keepers.refused(error_summary(error))
        self._keepers.works()
        if self._keeping is None:
            self._keeping = BackgroundTask("leases", self._keeper.watch, self._task_ended, self._host)
        return None

    async def _perform(self, running: RunningJob) -> None:
        context = running.context
        if running.limit is not None:  # from its start: it may have waited for a loop that was blocked
            self._keeper.job_started(running.delivery.token, running.limit)
            running.overrun_timer = self._loop.call_later(running.limit + self._patience, self._overrun, running)
        try:
            if events.observers:
                started = events.Started(id=context.id, job=context.job, queue=context.queue, attempt=context.attempt)
                events.emit(started)
            if running.pool == CHILDREN:
                outcome = await self._isolated(running)
            else:
                outcome = await perform(running.delivery, context, self._registry, self._in_thread(running))
            if running.not_started is not None:  # whatever the middlewares around it made of that
                outcome = Outcome(state=Performed.INTERRUPTED, error=running.not_started)
        except NotStarted as error:
            outcome = Outcome(state=Performed.INTERRUPTED, error=error)
        except BaseException as error:  # noqa: BLE001 - the job has an end, and its slot is free again
            outcome = Outcome(state=Performed.DEAD, error=error, reason=reason_of(error))
        self._end(running, outcome)

    async def _isolated(self, running: RunningJob) -> Outcome:
        """In a process of its own; the rest, the limit above all, is as here."""
        delivery, context = running.delivery, running.context
        job = self._registry.performables[context.job]
        progress = LeaseCheckpoints(self._keeper, self._backend.capabilities, delivery.token)
        try:
            return await run_with_limit(
                job.limit, lambda: self._children.perform(job.module, delivery, context, progress)
            )
        except TimeLimit as error:
            context.past_limit = True
            return outcome_of_error(job.rules, context, error)
        except ProcessLost as error:
            return outcome_of_lost_process(job, context, error)
        except asyncio.CancelledError as error:
            return Outcome(state=Performed.INTERRUPTED, error=error)

    def _in_thread(self, running: RunningJob) -> Callable[[Callable[[], Any]], Awaitable[Any]]:
        async def plain(function: Callable[[], Any]) -> Any:
            try:
                running.thread = self._threads.submit(function)
            except NotStarted as error:
                running.not_started = error
                raise
            return await asyncio.wrap_future(running.thread)

        return plain

    def _overrun(self, running: RunningJob) -> None:
        """A job that was cancelled at its limit and goes on: it has failed, and keeps its slot."""
        if running.delivery.token in self._running:
            self._end(running, outcome_of_overrun(running.delivery, running.context, self._registry))

    def _end(self, running: RunningJob, outcome: Outcome) -> None:
        """Settle it and free its slot; only then tell of it, since log handlers and observers are other people's."""
        if self._running.pop(running.delivery.token, None) is None:
            return  # given back, or past its limit
        for timer in (running.overrun_timer, running.kill_timer):
            if timer is not None:
                timer.cancel()
        goes_on = ""
        if isinstance(outcome.error, NotStarted):
            self._loop.call_later(max(outcome.error.rest, FIRST_REST), self._slots.give_back, running.pool)
        else:
            goes_on = self._free_slot(running)
        self.ended += outcome.state is not Performed.INTERRUPTED
        self.failed += outcome.state in (Performed.DEAD, Performed.RETRYING)
        self.given_back += outcome.state is Performed.INTERRUPTED
        self._settler.settle(FinishedJob(running.delivery, running.context, outcome, self._host.monotonic()))
        if not self._running:
            self._idle.set()
        self._changed()
        if goes_on:
            log.warning("%r: %s and keeps its slot", running.context, goes_on)
        log_outcome(running.context, outcome)

    def _free_slot(self, running: RunningJob) -> str:
        """What does not end, a thread or a job past its limit, keeps its slot until it does; return what that is."""
        thread, task = running.thread, running.task
        if thread is not None and not thread.done():
            thread.add_done_callback(lambda _: self._from_thread(lambda: self._slots.give_back(running.pool)))
            return "its thread goes on"
        if running.context.past_limit and task is not None and task is not asyncio.current_task():
            task.add_done_callback(lambda _: self._slots.give_back(running.pool))
            return "it goes on past its limit"
        self._slots.give_back(running.pool)
        return ""

    # Leases.

    def _tell(self, token: str, news: LeaseEvent) -> None:
        """In the keeper's thread: the job is told at once, also one that blocks the loop."""
        running = self._running.get(token)
        if running is None:
            return
        if news is LeaseEvent.CANCELLED:
            running.context.cancelled = True
        else:
            running.context.lease_lost = True
        self._from_thread(lambda: self._react(token, news))

    def _react(self, token: str, news: LeaseEvent) -> None:
        running = self._running.get(token)
        if running is None:
            return
        context = running.context
        if news is LeaseEvent.CANCELLED:
            log.info("%r was cancelled", context)
        else:
            log.warning("%r %s its lease: it may be performed elsewhere too", context, _LOST[news])
            events.emit(events.LeaseLost(id=context.id, job=context.job, queue=context.queue, attempt=context.attempt))
        if running.pool == CHILDREN:
            if context.listener is not None:
                flag = "cancelled" if news is LeaseEvent.CANCELLED else "lease_lost"
                context.listener(flag, news is not LeaseEvent.RAN_OUT)
            if news is not LeaseEvent.RAN_OUT:
                after = self._cancel_timeout if news is LeaseEvent.CANCELLED else self._patience
                running.kill_timer = self._loop.call_later(after, self._kill_isolated, running, after)
        elif news is not LeaseEvent.RAN_OUT and running.thread is None and running.task is not None:
            running.task.cancel()

    def _kill_isolated(self, running: RunningJob, after: float) -> None:
        """End an isolated job that was told to end and goes on."""
        if running.delivery.token in self._running and running.task is not None:
            log.warning("%r did not end within %.3g s: its process is killed", running.context, after)
            running.task.cancel()

    def _from_thread(self, call: Callable[[], None]) -> None:
        try:
            self._loop.call_soon_threadsafe(call)
        except RuntimeError:
            return  # the loop has ended, and with it everything that this was for

    # Stop.

    def request_stop(self) -> None:
        """Jobs that look see that they should. Processes that have none end meanwhile: no further job comes."""
        self._children.begin_close()
        for running in self._running.values():
            running.context.stopping = True
            if running.context.listener is not None:
                running.context.listener("stopping", False)  # noqa: FBT003 - nothing is interrupted

    async def drain(self, grace: float) -> None:
        """Let them end within the grace, their leases kept; give back the others; settle everything."""
        try:
            async with asyncio.timeout(grace):
                await self._idle.wait()
        except TimeoutError:
            await self._interrupt()
        await self._settler.finish(within=SETTLING)
        if self._keeping is not None:
            self._keeping.cancel()
        await self._keeper.close()
        self._threads.close()
        await self._children.close()

    def abandon(self) -> None:
        """Nobody waits for what runs here any more: its leases may not be kept for as long as the process lives."""
        if self._keeping is not None:
            self._keeping.cancel()
        self._keeper.begin_close()
        self._threads.close()
        self._children.begin_close()
        for running in tuple(self._running.values()):
            if running.task is not None:
                running.task.cancel()

    async def _interrupt(self) -> None:
        tasks = [running.task for running in self._running.values() if running.task is not None]
        for task in tasks:
            task.cancel()
        if tasks:  # else the last one ended together with the grace
            await asyncio.wait(tasks, timeout=CANCEL_TIMEOUT)
        for running in tuple(self._running.values()):
            log.warning("%r does not end when cancelled: given back as it is", running.context)
            self._end(running, Outcome(state=Performed.INTERRUPTED))


_LOST = {LeaseEvent.RAN_OUT: "could not keep", LeaseEvent.LOST: "lost"}
