"""Feeds one backend's jobs to a worker: as many as can start are reserved, and handed over."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from jobkit.backend import Delivery, Release
from jobkit.connections.clients import Clients
from jobkit.errors import BackendUnavailable, Closed
from jobkit.execute.perform import Registry, context_of
from jobkit.worker.background_task import BackgroundTask
from jobkit.worker.backoff import IDLE, Backoff
from jobkit.worker.executor import Executor
from jobkit.worker.options import Options
from jobkit.worker.queue_order import QueueOrder
from jobkit.worker.runtime import Runtime
from jobkit.worker.slots import Slots
from jobkit.worker.stats import WorkerStats

log = logging.getLogger("jobkit.worker")


class Fetcher:
    """Belongs to the event loop that started it. ``alone``: no other feed wants the slots.

    ``changed``: called when there is something to tell of it. ``ended``: called with the reason if one of its
    background tasks has ended for good, so that it takes no more jobs, or can't keep or settle those that it has.
    """

    def __init__(
        self,
        registry: Registry,
        clients: Clients,
        order: QueueOrder,
        options: Options,
        slots: Slots,
        host: Runtime,
        *,
        alone: bool,
        changed: Callable[[], None],
        ended: Callable[[str], None],
    ) -> None:
        self.source = clients.source
        self.ready = False
        self._changed = changed
        self._order = order
        self._backend = clients.for_running_loop()
        self._lease_ms = options.lease_ms
        self._wait_ms = round(min(options.wait, options.lease / 3) * 1000) if self._backend.capabilities.wait else 0
        self._slots = slots
        self._host = host
        self._alone = alone
        self._ended = ended
        self._jobs = Executor(registry, clients, options, slots, host, changed, ended)
        self._loop = asyncio.get_running_loop()
        self._stopping = False
        self._task = BackgroundTask("feed", self._feed_and_tell, self._feed_ended, host)

    @property
    def figures(self) -> WorkerStats:
        return self._jobs.figures(ready=self.ready)

    async def _feed_and_tell(self) -> None:
        try:
            await self._feed()
        finally:
            self._set_ready(ready=False)

    def _feed_ended(self, reason: str) -> None:
        """For good: by a loop that ends without a stop, for example."""
        self.abandon()
        self._ended(reason)

    async def _feed(self) -> None:
        """While there is work no reserve waits; once there was none the next one does.

        Nor does one wait whose answer says whether the store is there: readiness is known at once.
        """
        pause, idle = Backoff(self._host), Backoff(self._host, IDLE)
        found = True
        while True:
            waits = self.ready and (self._alone or not found)
            taken = await self._slots.take(self._backend.capabilities.max_batch if found or self._alone else 1)
            deliveries: list[Delivery] = []
            sent = self._host.monotonic()
            try:
                deliveries = await self._reserve(taken, self._wait_ms if waits else 0)
            except Closed:
                log.error("no more jobs from %s: its client was closed under this worker", self.source)
                return
            except Exception as error:  # noqa: BLE001 - told, and tried again: a worker outlives its store
                self._log_failure(error)
                await pause.sleep()
                continue
            finally:
                self._slots.release(taken - len(deliveries))
            try:
                if not self.ready:
                    self._set_ready(ready=True)
                    self._jobs.store_is_back()
                self._jobs.start(deliveries, sent)
            except Exception:
                await self._give_back(self._jobs.not_started(deliveries))
                raise
            found = bool(deliveries)
            pause.reset()
            if found:
                idle.reset()
            elif not self._backend.capabilities.wait:
                await idle.sleep()
            await asyncio.sleep(0)  # those that end in their first step leave their slots to the same next reserve

    async def _reserve(self, limit: int, wait: int) -> list[Delivery]:
        reserving = self._loop.create_task(
            self._backend.reserve(self._order.next(), limit=limit, lease=self._lease_ms, wait=wait)
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
            await self._settle_as_released(deliveries)

    async def _give_back(self, deliveries: list[Delivery]) -> None:
        """None of them was started: free their slots, and let others have them at no cost."""
        self._slots.release(len(deliveries))
        if deliveries:
            await self._settle_as_released(deliveries)

    async def _settle_as_released(self, deliveries: list[Delivery]) -> None:
        """Where that fails their leases run out, and the worker goes on."""
        try:
            await self._backend.settle([Release(delivery.token) for delivery in deliveries])
        except Exception as error:  # noqa: BLE001 - told; raised it would take the place of the cancellation
            jobs = [context_of(delivery) for delivery in deliveries]
            log.warning(
                "could not be given back to %s, and run out with their leases: %r: %s", self.source, jobs, error
            )

    def _log_failure(self, error: Exception) -> None:
        if isinstance(error, BackendUnavailable):
            log.warning("no jobs from %s, trying again: %s", self.source, error)
        else:
            log.error("no jobs from %s, trying again", self.source, exc_info=error)
        self._set_ready(ready=False)

    def _set_ready(self, *, ready: bool) -> None:
        if self.ready is not ready:
            self.ready = ready
            self._changed()

    def begin_stop(self) -> None:
        """Reserve nothing more; jobs that look see that they should stop."""
        if self._stopping:
            return
        self._stopping = True
        self._task.cancel()
        self._set_ready(ready=False)
        self._jobs.request_stop()

    async def stop(self, grace: float) -> None:
        """Let running jobs end within the grace, their leases kept; give back the others; settle everything."""
        self.begin_stop()
        await self._task.wait()
        await self._jobs.drain(grace)

    def abandon(self) -> None:
        """Nobody waits for what runs here any more: its leases may not be kept for as long as the process lives."""
        self._jobs.abandon()
