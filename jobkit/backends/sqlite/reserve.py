"""Reserve: look, take what there is, and otherwise rest until there may be something."""

from __future__ import annotations

import asyncio
from typing import Final

from jobkit.backend import Delivery, Release
from jobkit.backends.sqlite import commands
from jobkit.backends.sqlite.db_thread import StoreThread
from jobkit.backends.sqlite.notifier import Notifier, waiting
from jobkit.backends.sqlite.store import Store
from jobkit.backends.sqlite.transaction import Transaction
from jobkit.clock import Clock, ManualClock
from jobkit.errors import Closed

NEVER: Final = float("inf")


class Attempt:
    """What a reserve found: deliveries, or when the next is due, and as of which version of the file."""

    def __init__(self, granted: list[Delivery], next_due: int | None, version: tuple[int, int]) -> None:
        self.granted = granted
        self.next_due = next_due
        self.version = version


class Reserver:
    """The reserves of one client, those that wait among them."""

    def __init__(self, store: Store, thread: StoreThread, clock: Clock | None) -> None:
        self.bells: set[Notifier] = set()
        self._store = store
        self._thread = thread
        self._clock = clock
        self._over = False

    async def reserve(self, queues: list[str], limit: int, lease: int, wait: float) -> list[Delivery]:
        """``wait``: seconds. Cancelled, it gives back what it took."""
        if not wait:
            return (await self._look(queues, limit, lease)).granted
        ends = _now() + wait
        with waiting(self._store.place, queues) as bell:
            self.bells.add(bell)
            unsubscribe = self._clock.subscribe(bell.ring) if isinstance(self._clock, ManualClock) else _nothing
            try:
                return await self._wait(bell, queues, limit, lease, ends)
            finally:
                unsubscribe()
                self.bells.discard(bell)

    def end(self) -> None:
        """Those that wait raise `Closed`."""
        self._over = True
        for bell in self.bells:
            bell.ring()

    async def _wait(self, bell: Notifier, queues: list[str], limit: int, lease: int, ends: float) -> list[Delivery]:
        while True:
            bell.clear()
            self._check_open()
            look = await self._look(queues, limit, lease)
            if look.granted or _now() >= ends:
                return look.granted
            await self._rest(bell, look, ends)

    async def _rest(self, bell: Notifier, look: Attempt, ends: float) -> None:
        """Until there may be something: rung in this process, due by the clock, or committed by another process."""
        while (left := ends - _now()) > 0:
            due = NEVER if look.next_due is None else max(0, look.next_due - self._store.wall()) / 1000
            if await bell.wait(min(left, due, self._store.settings.poll)):
                return
            if look.next_due is not None and look.next_due <= self._store.wall():
                return
            self._check_open()
            if await self._thread.run(self._store.version) != look.version:
                return

    async def _look(self, queues: list[str], limit: int, lease: int) -> Attempt:
        """Take what can be taken; looking first, so that whoever finds nothing has locked nothing."""

        def look(until: float) -> Attempt:
            version = self._store.version(until)
            seen, litter = self._store.read(lambda step: (commands.next_due(step, queues), step.litter()), until)
            if not (seen.due or litter):
                return Attempt([], seen.next_due, version)

            def take(step: Transaction) -> Attempt:
                granted = commands.reserve(step, queues, limit, lease)
                return Attempt(granted, None if granted else commands.next_due(step, queues).next_due, version)

            return self._store.write(take, until)

        return await self._thread.run(look, self._give_back)

    def _give_back(self, look: Attempt) -> None:
        if look.granted:
            releases = [Release(delivery.token) for delivery in look.granted]
            self._store.write(lambda step: commands.settle(step, releases))

    def _check_open(self) -> None:
        if self._over:
            raise Closed("this backend was closed")


def _now() -> float:
    """By the clock that timers go by."""
    return asyncio.get_running_loop().time()


def _nothing() -> None:
    """Nobody was told, so nobody has to be told to stop."""
