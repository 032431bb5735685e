"""An event loop in virtual time, in which it is decided what arrives next.

Callbacks run in their order, as in any loop. Only when none is left something else happens: a parcel that is under way
arrives, or time passes to the next timer, however far away. So whatever is played could have happened.
"""

from __future__ import annotations

import asyncio
import heapq
from asyncio import events
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any, Final, NoReturn, TypeVar, TypeVarTuple, cast

from jobkit.clock import Clock
from jobkit_conformance.simulation.choices import ChoiceSequence
from jobkit_conformance.simulation.virtual_thread import VirtualThread

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

MOST_TURNS: Final = 20_000
"""Of one play; none needs a tenth of it."""
MOST_AT_ONCE: Final = 5_000
"""Callbacks while nothing arrives and no time passes; none needs a tenth of it."""
ANOTHER: Final = 0.45
"""How often something else arrives than what was sent first."""
ENDINGS: Final = 20
"""How often at most what still runs at the end is cancelled: who clears up may have to wait once more."""
MEANWHILE: Final = 0.12
"""How often time passes while something is under way."""
TOGETHER: Final = 0.4
"""How often two things arrive before anybody has reacted to the first."""
AMISS: Final = 0.08
"""How often a parcel meets another fate than to arrive, where that may happen."""


class Deadlock(Exception):
    """Somebody waits for what never comes, or never ends."""


class Packet:
    """Something under way, on a lane, which keeps its order. ``fates``: what may become of it; first, to arrive."""

    def __init__(self, lane: str, fates: tuple[str, ...], future: asyncio.Future[str]) -> None:
        self.stream = lane
        self.outcomes = fates
        self.future = future


class SimulatedLoop(asyncio.BaseEventLoop):
    """Used with `run`, once. It has neither sockets nor threads: what asks for them is told so."""

    def __init__(self, decisions: ChoiceSequence) -> None:
        super().__init__()
        self._decisions = decisions
        self.faults_off = False
        """Whether everything arrives, in the order of sending and before time passes."""
        self.fault_rate = AMISS
        self.over = False
        """Whether the play has ended: nothing travels any more."""
        self.unhandled: list[str] = []
        """What nobody caught, in callbacks and forgotten tasks."""
        self._now = 0.0
        self._ready: deque[asyncio.Handle] = deque()
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._numbers = 0
        self._parcels: list[Packet] = []
        self._tasks: list[asyncio.Task[Any]] = []
        self._strands: list[VirtualThread] = []
        self._closed = False

    # What a play does with it.

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Run to the end of ``main``, then end everything else that still runs."""
        before = events._get_running_loop()  # noqa: SLF001 - meant for those who write loops
        events._set_running_loop(self)  # noqa: SLF001
        try:
            task: asyncio.Task[T] = self.create_task(main)
            self._run_until(task)
            self._end_the_rest()
            return task.result()
        finally:
            self._closed = True
            events._set_running_loop(before)  # noqa: SLF001

    def strand(self) -> VirtualThread:
        """A thread that can stand still, or end, alone."""
        strand = VirtualThread(self)
        self._strands.append(strand)
        return strand

    def send(self, lane: str, *fates: str, hears: asyncio.Future[str] | None = None) -> asyncio.Future[str]:
        """Put a parcel under way; the answer says what became of it, to whoever ``hears``."""
        parcel = Packet(lane, fates, hears or self.create_future())
        self._parcels.append(parcel)
        return parcel.future

    # What its threads do with it.

    def post(self, handle: asyncio.Handle) -> None:
        self._ready.append(handle)

    def post_at(self, handle: asyncio.TimerHandle) -> None:
        self._numbers += 1
        heapq.heappush(self._timers, (handle.when(), self._numbers, handle))

    def adopt(self, task: asyncio.Task[Any]) -> None:
        """See to it that this task ends with the play."""
        self._tasks.append(task)

    def _run_until(self, task: asyncio.Task[Any]) -> None:
        turns = 0
        while not task.done():
            turns += 1
            if turns > MOST_TURNS:
                raise Deadlock(f"no end after {MOST_TURNS} turns, at {self._now:g} s")
            self._react()
            if not task.done():
                self._let_happen()

    def _react(self) -> None:
        """Run what is ready, and what gets ready by that."""
        left = MOST_AT_ONCE
        while self._ready:
            handle = self._ready.popleft()
            if not handle.cancelled():
                loop = cast("Any", handle)._loop  # noqa: SLF001 - whose it is says where it runs
                if isinstance(loop, VirtualThread):
                    loop.dispatch(handle)
                else:
                    handle._run()  # noqa: SLF001 - as every loop does
            left -= 1
            if not left:
                raise Deadlock(f"it spins: {MOST_AT_ONCE} callbacks ran while no time passed")

    def _let_happen(self) -> None:
        arriving = self._next_packets()
        later = self._next_timer()
        if not arriving and later is None:
            raise Deadlock("everybody waits, and nothing is under way")
        if not arriving or (later is not None and self._choose(2, MEANWHILE)):
            self._pass_time()
            return
        self._arrive(arriving[self._choose(len(arriving), ANOTHER)])
        while (more := self._next_packets()) and self._choose(2, TOGETHER):
            self._arrive(more[0])

    def _next_packets(self) -> list[Packet]:
        """Of each lane what was sent first, in the order of sending."""
        self._parcels = [parcel for parcel in self._parcels if not parcel.future.done()]
        lanes: dict[str, Packet] = {}
        for parcel in self._parcels:
            lanes.setdefault(parcel.stream, parcel)
        return list(lanes.values())

    def _arrive(self, parcel: Packet) -> None:
        self._parcels.remove(parcel)
        parcel.future.set_result(parcel.outcomes[self._choose(len(parcel.outcomes), self.fault_rate, fate=True)])

    def _choose(self, count: int, odds: float, *, fate: bool = False) -> int:
        return 0 if self.faults_off else self._decisions.choose(count, odds, fate=fate)

    def _next_timer(self) -> float | None:
        while self._timers and self._timers[0][2].cancelled():
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def _pass_time(self) -> None:
        self._now = max(self._now, self._timers[0][0])
        while (when := self._next_timer()) is not None and when <= self._now:
            self._ready.append(heapq.heappop(self._timers)[2])

    def _end_the_rest(self) -> None:
        self.faults_off = self.over = True
        for strand in self._strands:
            strand.force_resume()
        for _ in range(ENDINGS):
            left = [task for task in self._tasks if not task.done()]
            if not left:
                return
            for task in left:
                task.cancel()
            self._react()

    # What asyncio asks of a loop.

    def time(self) -> float:
        return self._now

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self.post(handle)
        return handle

    def call_soon_threadsafe(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        return self.call_soon(callback, *args, context=context)

    def call_later(
        self, delay: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        self.post_at(handle)
        return handle

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """It is dropped when its time comes."""

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(self, coro: Any, *, name: object = None, context: Context | None = None) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.Task(
            coro, loop=self, name=None if name is None else str(name), context=context
        )
        self.adopt(task)
        return task

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        error = context.get("exception")
        self.unhandled.append(f"{context.get('message')}: {type(error).__name__}: {error}" if error else str(context))

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return not self._closed

    def is_closed(self) -> bool:
        return self._closed

    def run_in_executor(self, executor: Any, func: Callable[[*Ts], T], *args: *Ts) -> NoReturn:
        raise RuntimeError("in a simulation there are no threads: a backend that needs them does not say `simulated`")


class SimulatedClock(Clock):
    """The time of a loop, as a backend wants to have it."""

    def __init__(self, loop: SimulatedLoop, start_ms: int = 1_700_000_000_000) -> None:
        self._loop = loop
        self._start = start_ms

    def now_ms(self) -> int:
        return self._start + round(self._loop.time() * 1000)
