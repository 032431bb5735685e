"""Enqueues recurring jobs: each tick once, with any number of schedulers, whichever of them is lost on the way.

A cell holds the last tick that was enqueued. Whoever finds later ones due enqueues them, and moves the cell after that:
who is lost in between leaves a tick that another enqueues again, under the same id, which the store knows.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from jobkit.app import App
from jobkit.backend import Backend
from jobkit.enqueue.receipt import Receipt
from jobkit.errors import BackendUnavailable, Closed, ConfigurationError, Unsupported
from jobkit.jobs.call import instant
from jobkit.schedule.recurring import Recurring
from jobkit.schedule.triggers import EPOCH, due_ticks
from jobkit.worker.backoff import Backoff
from jobkit.worker.runtime import SYSTEM_RUNTIME

log = logging.getLogger("jobkit.worker")

LONGEST: Final = 30.0
"""Seconds between two looks at least: a host that slept finds out."""


class Scheduler:
    """Enqueues what recurs, beside any number of others that do the same; by the app's word, and by its own."""

    def __init__(self, app: App, recurring: Sequence[Recurring]) -> None:
        self._app = app
        self._own = tuple(recurring)
        self._next: dict[str, datetime] = {}
        """By name, when a schedule has to be looked at again: until then everything due is enqueued."""
        names = [each.name for each in self.recurring]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ConfigurationError(f"two schedules are named {twice[0]!r}: each needs a name of its own")

    @property
    def recurring(self) -> list[Recurring]:
        """What the app declares, and what this worker was given."""
        return [*self._app.schedules.values(), *self._own]

    def check(self) -> None:
        """Refuse where a backend lacks what keeps ticks apart."""
        for each in self.recurring:
            clients = self._app.clients_of(each.call)
            capabilities = clients.for_running_loop().capabilities
            for need in ("cells", "remember", "delay"):
                if not getattr(capabilities, need):
                    raise Unsupported(need, f"{clients.source} has no {need}, which recurring jobs need")

    async def run(self) -> None:
        """Enqueue each tick when it is due, until cancelled."""
        pause = Backoff(SYSTEM_RUNTIME)
        while True:
            now = datetime.now(UTC)
            try:
                await self.turn(now)
            except Closed:
                log.error("recurring jobs are enqueued no more: a client was closed under this worker")
                return
            except BackendUnavailable as error:
                log.warning("recurring jobs could not be enqueued, and are tried again: %s", error)
                await pause.sleep()
                continue
            except Exception:
                log.exception("recurring jobs could not be enqueued, and are tried again")
                await pause.sleep()
                continue
            pause.reset()
            left = (min(self._next.values()) - datetime.now(UTC)).total_seconds()
            await asyncio.sleep(min(max(left, 0.0), LONGEST))

    async def turn(self, now: datetime) -> list[Receipt]:
        """Enqueue what is due by now and was not enqueued yet; the receipts of all that this one enqueued."""
        receipts: list[Receipt] = []
        for each in self.recurring:
            if self._next.get(each.name, now) <= now:
                receipts += await self._catch_up(each, now)
                self._next[each.name] = each.schedule.after(now)
        return receipts

    async def _catch_up(self, recurring: Recurring, now: datetime) -> list[Receipt]:
        """Until nothing is due. The first who ever looks begins from now on."""
        backend = self._app.clients_of(recurring.call).for_running_loop()
        cell, receipts = f"recurring:{recurring.name}", list[Receipt]()
        while True:
            found = await backend.cell_get(cell)
            if found is None:
                await backend.cell_set(cell, _written(now), 0)
                return receipts
            ticks = due_ticks(recurring.schedule, _read(found[0]), now, recurring.missed)
            if not ticks:
                return receipts
            receipts += await self._enqueue(recurring, ticks, backend, cell, found[1])

    async def _enqueue(
        self, recurring: Recurring, ticks: Sequence[datetime], backend: Backend, cell: str, version: int
    ) -> list[Receipt]:
        """First the jobs, then the cell. Who finds that another has moved it looks again."""
        most = backend.capabilities.max_batch
        receipts: list[Receipt] = []
        for start in range(0, len(ticks), most):
            receipts += await self._app.aenqueue_many([recurring.at(tick) for tick in ticks[start : start + most]])
        await backend.cell_set(cell, _written(ticks[-1]), version)
        return [receipt for receipt in receipts if receipt]


def _written(tick: datetime) -> bytes:
    return str(instant(tick)).encode()


def _read(value: bytes) -> datetime:
    return EPOCH + timedelta(milliseconds=int(value))
