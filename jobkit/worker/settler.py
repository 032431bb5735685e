"""Tells the backend how deliveries ended: in batches, each retried until the backend has answered."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from jobkit import events
from jobkit.backend import Backend, Delivery, Settled, SettleOutcome, Stale
from jobkit.context import JobContext
from jobkit.errors import BackendUnavailable
from jobkit.outcome import Outcome
from jobkit.worker.pause import Pause

log = logging.getLogger("jobkit.worker")


@dataclass(slots=True)
class Ending:
    """A delivery that ended, at this instant of the monotonic clock."""

    delivery: Delivery
    context: JobContext
    outcome: Outcome
    at: float


class Settler:
    """Belongs to one event loop. ``confirmed`` is called with the tokens that the backend has answered for."""

    def __init__(self, backend: Backend, confirmed: Callable[[list[str]], None]) -> None:
        self._backend = backend
        self._confirmed = confirmed
        self._waiting: list[Ending] = []
        self._wake = asyncio.Event()
        self._settled = asyncio.Event()
        self._settled.set()
        self._task = asyncio.get_running_loop().create_task(self._run(), name="jobkit-settler")

    def settle(self, ending: Ending) -> None:
        """Settle soon, together with what ends meanwhile."""
        self._waiting.append(ending)
        self._settled.clear()
        self._wake.set()

    async def finish(self, within: float) -> bool:
        """Wait until everything is settled, for so many seconds at most, then end; whether everything was."""
        try:
            async with asyncio.timeout(within):
                # A loop that is shut down has cancelled the task already.
                await (self._settle_waiting() if self._task.done() else self._settled.wait())
        except TimeoutError:
            log.error("%d jobs ended and could not be settled: they will be performed again", len(self._waiting))
        self._task.cancel()
        await asyncio.wait([self._task])
        return not self._waiting

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self._settle_waiting()

    async def _settle_waiting(self) -> None:
        while self._waiting:
            batch = self._waiting[: self._backend.capabilities.max_batch]
            await self._settle_all(batch)
            del self._waiting[: len(batch)]
        self._settled.set()

    async def _settle_all(self, batch: list[Ending]) -> None:
        pause = Pause()
        while True:
            now = time.monotonic()
            try:
                outcomes = await self._backend.settle(
                    [ending.outcome.settlement(ending.delivery.token, now - ending.at) for ending in batch]
                )
            except BackendUnavailable as error:
                log.warning("%d jobs could not be settled, and are tried again: %s", len(batch), error)
                await pause.rest()
                continue
            break
        self._confirmed([ending.delivery.token for ending in batch])
        for ending, outcome in zip(batch, outcomes, strict=True):
            _report(ending, outcome)


def _report(ending: Ending, outcome: SettleOutcome) -> None:
    context = ending.context
    if isinstance(outcome, Stale):
        log.warning(
            "%s %s attempt %d ended as %s, too late: another worker was granted it, or it was ended by hand",
            *(context.job, context.id, context.attempt, ending.outcome.state.value),
        )
        return
    if isinstance(outcome, Settled) and events.observers:
        events.emit(
            events.Settled(
                id=context.id, job=context.job, queue=context.queue, attempt=context.attempt, outcome=ending.outcome
            )
        )
