"""Tells the backend how deliveries ended: in batches, each retried until the backend has answered.

What a backend does not claim is made up for here: without ``delay`` a job waits for its next attempt in this worker's
hands, under its lease; without ``dead_letters`` one that died ends, and the log is where that stands.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from jobkit import events
from jobkit.backend import Backend, Dead, Delivery, Done, RetryAt, Settled, Settlement, SettleOutcome, Stale
from jobkit.errors import BackendUnavailable
from jobkit.execute.context import JobContext
from jobkit.execute.machine import is_machine_fault
from jobkit.execute.outcome import Outcome, Performed
from jobkit.worker.background_task import BackgroundTask
from jobkit.worker.backoff import Backoff
from jobkit.worker.runtime import Runtime

log = logging.getLogger("jobkit.worker")


@dataclass(slots=True)
class FinishedJob:
    """A delivery that ended, at this instant of the monotonic clock."""

    delivery: Delivery
    context: JobContext
    outcome: Outcome
    at: float


class Settler:
    """Belongs to one event loop. ``confirmed`` is called with the tokens that the backend has answered for.

    ``ended``: called with the reason if its background task has ended for good.
    """

    def __init__(
        self,
        backend: Backend,
        confirmed: Callable[[list[str]], None],
        host: Runtime,
        ended: Callable[[str], None] = lambda _reason: None,
    ) -> None:
        self._backend = backend
        self._host = host
        self._confirmed = confirmed
        self._waiting: list[FinishedJob] = []
        self._delayed_retries: dict[str, tuple[FinishedJob, asyncio.TimerHandle]] = {}
        """By token: what is to be tried again later, on a backend that can't delay."""
        self._wake = asyncio.Event()
        self._store_back = asyncio.Event()
        """The store was away, and answers others again."""
        self._settled = asyncio.Event()
        self._settled.set()
        self._task = BackgroundTask("settler", self._run, ended, host)

    def settle(self, ending: FinishedJob) -> None:
        """Settle soon, together with what ends meanwhile."""
        self._settled.clear()
        rest = ending.outcome.retry_in or 0
        if rest > 0 and ending.outcome.state is Performed.RETRYING and not self._backend.capabilities.delay:
            token = ending.delivery.token
            self._delayed_retries[token] = ending, asyncio.get_running_loop().call_later(rest, self._release, token)
        else:
            self._soon(ending)

    def store_is_back(self) -> None:
        """What waits to be tried again is tried now: its lease may be about to end."""
        self._store_back.set()

    def _release(self, token: str) -> None:
        ending, _ = self._delayed_retries.pop(token)
        self._soon(ending)

    def _soon(self, ending: FinishedJob) -> None:
        self._waiting.append(ending)
        self._wake.set()

    async def finish(self, within: float) -> bool:
        """Wait until everything is settled, for so many seconds at most, then end; whether everything was.

        What was held for its next attempt is given to others, who try it at once.
        """
        for token, (_, timer) in tuple(self._delayed_retries.items()):
            timer.cancel()
            self._release(token)
        try:
            async with asyncio.timeout(within):
                # A loop that is shut down has cancelled the task already.
                await (self._settle_waiting() if self._task.done else self._settled.wait())
        except TimeoutError:
            log.error("%d jobs ended and could not be settled: they will be performed again", len(self._waiting))
        self._task.cancel()
        await self._task.wait()
        return not self._waiting

    async def _run(self) -> None:
        while True:
            await self._settle_waiting()
            await self._wake.wait()
            self._wake.clear()

    async def _settle_waiting(self) -> None:
        while self._waiting:
            batch = self._waiting[: self._backend.capabilities.max_batch]
            for ending, outcome in await self._settle_all(batch):
                _report(ending, outcome)
        if not self._delayed_retries:
            self._settled.set()

    async def _settle_all(self, batch: list[FinishedJob]) -> list[tuple[FinishedJob, SettleOutcome]]:
        """Return what the backend answered. They wait no longer then, whatever becomes of what is told of it."""
        pause = Backoff(self._host)
        while True:
            now = self._host.monotonic()
            try:
                outcomes = await self._backend.settle([self._settlement(ending, now) for ending in batch])
                answered = list(zip(batch, outcomes, strict=True))
            except Exception as error:  # noqa: BLE001 - told; a worker outlives what its backend raises
                if not _may_pass(error):
                    refused = error
                    break
                log.warning("%d jobs could not be settled, and are tried again: %r", len(batch), error)
                self._store_back.clear()
                await pause.sleep(unless=self._store_back)
                continue
            self._no_longer_wait(batch)
            return answered
        return await self._settle_each(batch, refused)

    def _no_longer_wait(self, batch: list[FinishedJob]) -> None:
        ended = {ending.delivery.token for ending in batch}
        self._waiting = [ending for ending in self._waiting if ending.delivery.token not in ended]
        self._confirmed(list(ended))

    async def _settle_each(self, batch: list[FinishedJob], error: Exception) -> list[tuple[FinishedJob, SettleOutcome]]:
        """They were refused, or what came is no answer: each by itself; what fails alone is let go, its lease runs out.

        It is not tried again and again: what a backend has no word for does not pass by itself.
        """
        if len(batch) > 1:
            log.error("%d jobs can't be settled together, and are tried one by one", len(batch), exc_info=error)
            return [answer for ending in batch for answer in await self._settle_all([ending])]
        (ending,) = batch
        self._no_longer_wait(batch)
        log.error("%r can't be settled, and is performed again once its lease is over", ending.context, exc_info=error)
        return []

    def _settlement(self, ending: FinishedJob, now: float) -> Settlement:
        stated = ending.outcome.settlement(ending.delivery.token, now - ending.at)
        claims = self._backend.capabilities
        if isinstance(stated, RetryAt) and not claims.delay:
            return RetryAt(stated.token, after=0)
        if isinstance(stated, Dead) and not claims.dead_letters:
            log.error("%r is not kept: this backend keeps no dead jobs", ending.context)
            return Done(stated.token)
        return stated


def _may_pass(error: Exception) -> bool:
    """Return True if it is an error of a store, of the way to it, or of this machine, which may recover."""
    return isinstance(error, (BackendUnavailable, OSError)) or is_machine_fault(error)


def _report(ending: FinishedJob, outcome: SettleOutcome) -> None:
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
