"""A thread of a simulated process: an event loop of its own within the simulated one, which can stand still alone."""

from __future__ import annotations

import asyncio
from asyncio import events
from collections import deque
from collections.abc import Callable
from contextvars import Context
from typing import TYPE_CHECKING, Any, NoReturn, TypeVarTuple

if TYPE_CHECKING:
    from jobkit_conformance.simulation.loop import SimulatedLoop

Ts = TypeVarTuple("Ts")


class VirtualThread(asyncio.BaseEventLoop):
    """Shares time and everything under way with the loop that it is a part of.

    What gets ready while it stands still is run afterwards, in its order. Once it is gone nothing of it ever runs, not
    even what would clear up: so it is with a process that was killed.
    """

    def __init__(self, world: SimulatedLoop) -> None:
        self._world = world
        super().__init__()
        self._holds = 0
        self._held: deque[asyncio.Handle] = deque()
        self.gone = False

    def pause(self) -> None:
        """Stand still, until as often let go."""
        self._holds += 1

    def unpause(self) -> None:
        self._holds -= 1
        if not self._holds and not self.gone:
            self._catch_up()

    def force_resume(self) -> None:
        """The play is over: what still waits here may end."""
        self.gone, self._holds = False, 0
        self._catch_up()

    def _catch_up(self) -> None:
        held, self._held = self._held, deque()
        for handle in held:
            self._world.post(handle)

    def dispatch(self, handle: asyncio.Handle) -> None:
        """Run what is ready, or keep it for later."""
        if self.gone or self._holds:
            self._held.append(handle)
            return
        events._set_running_loop(self)  # noqa: SLF001 - meant for those who write loops
        try:
            handle._run()  # noqa: SLF001 - as every loop does
        finally:
            events._set_running_loop(self._world)  # noqa: SLF001

    # What asyncio asks of a loop.

    def time(self) -> float:
        return self._world.time()

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._world.post(handle)
        return handle

    def call_soon_threadsafe(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        return self.call_soon(callback, *args, context=context)

    def call_later(
        self, delay: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        self._world.post_at(handle)
        return handle

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """It is dropped when its time comes."""

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(self, coro: Any, *, name: object = None, context: Context | None = None) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.Task(
            coro, loop=self, name=None if name is None else str(name), context=context
        )
        self._world.adopt(task)
        return task

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        if not self._world.over:
            self._world.call_exception_handler(context)

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return self._world.is_running()

    def is_closed(self) -> bool:
        return self._world.is_closed()

    def run_in_executor(self, executor: Any, func: Callable[[*Ts], object], *args: *Ts) -> NoReturn:
        self._world.run_in_executor(executor, func, *args)
