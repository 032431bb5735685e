"""How far a client is from its store: requests and replies travel, arrive in their time, or get lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any, Final, TypeVar

from jobkit.backend import Backend
from jobkit.backends.delegating import DelegatingBackend
from jobkit.errors import BackendUnavailable
from jobkit_conformance.history.history import History
from jobkit_conformance.simulation.loop import SimulatedLoop

T = TypeVar("T")

ARRIVES: Final = "arrives"
LOST: Final = "lost"
DIES: Final = "dies"
"""Whoever sent it, or waits for it, is no more: the process ends at this command."""


class SimulatedLink:
    """The ways between one client and the store. What is lost is told to nobody: whoever waits finds out."""

    def __init__(
        self,
        loop: SimulatedLoop,
        history: History,
        name: str,
        *,
        faulty: bool,
        died: asyncio.Future[None] | None = None,
        dies: Callable[[], None] | None = None,
    ) -> None:
        self.name = name
        self.cut = False
        """Whether nothing gets through at present."""
        self._loop = loop
        self._history = history
        self._fates = (ARRIVES, LOST, DIES) if faulty else (ARRIVES,)
        self._dies = dies
        self.died: asyncio.Future[None] = died or loop.create_future()
        """Done when the client is no more; from then on it neither sends nor hears anything."""

    async def transmit(self, lane: str, what: str) -> bool:
        """Until this arrives; False when it got lost. What travels on one lane keeps its order."""
        if self._loop.over:
            return False
        if self.cut:
            self._history.lost += 1
            return False
        fate, here = ARRIVES, asyncio.get_running_loop()
        if not self.died.done():
            fate = await self._loop.send(f"{self.name} {lane}", *self._fates, hears=here.create_future())
        if fate == DIES and not self.died.done():
            self._history.note(self.name, f"dies, with {what} under way")
            (self._dies or self._die)()
        if self.died.done():
            self._history.lost += 1
            await here.create_future()
        if self.cut:
            fate = LOST
        if fate == LOST:
            self._history.lost += 1
            self._history.note(self.name, f"{what} is lost")
        return fate == ARRIVES

    def _die(self) -> None:
        self.died.set_result(None)


class RemoteBackend(DelegatingBackend):
    """A client whose every call is a request and a reply on a wire; a lost one is `BackendUnavailable`.

    ``firm``: what a reserve has taken is not dropped when its caller cancels it: it is too late for that.
    """

    def __init__(self, backend: Backend, wire: SimulatedLink, *, firm: bool = False) -> None:
        super().__init__(backend)
        self._wire = wire
        self._firm = firm

    async def intercept(
        self, verb: str, args: Sequence[Any], stated: Mapping[str, Any], call: Callable[[], Awaitable[T]]
    ) -> T:
        if verb == "close":
            return await call()
        if not await self._wire.transmit("out", f"the request of {verb}"):
            raise BackendUnavailable("the request was lost")
        answer = await call()
        back = self._wire.transmit("back", f"the reply of {verb}")
        if not await (_uncancelled(back) if self._firm and verb == "reserve" and answer else back):
            raise BackendUnavailable("the reply was lost")
        return answer


async def _uncancelled(travelling: Coroutine[Any, Any, bool]) -> bool:
    """Wait for this, whoever cancels the waiting; not beyond the end of the play, where all is cancelled at once."""
    task = asyncio.get_running_loop().create_task(travelling)
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled() or (current := asyncio.current_task()) is None:
                raise
            current.uncancel()
    return task.result()
