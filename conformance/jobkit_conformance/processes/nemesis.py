"""What the kit does to the processes of a play, to their store, and to the way between them: a fault a function."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from jobkit_conformance.processes.plan import SLOWER, Fault
from jobkit_conformance.processes.process_manager import ProcessManager, WorkerSlot
from jobkit_conformance.processes.system import SystemHarness

LOOK: Final = 0.005
"""Seconds between two looks at a process."""
AGAIN: Final = 0.1
"""Seconds between two TERMs."""
STOP: Final = 8.0
"""Seconds beyond its grace in which a worker that was asked to stop has to settle and end."""


class Nemesis:
    """Makes it, and says so in the log. ``started``: whether the nth job of the plan has."""

    def __init__(self, system: SystemHarness, crew: ProcessManager, started: Callable[[int], bool]) -> None:
        self._system = system
        self._crew = crew
        self._started = started
        self._full = False
        self._away = False
        self._faults: Mapping[str, Callable[[WorkerSlot, Fault], Awaitable[None]]] = {
            "kill": self._kill,
            "stop": self._hold,
            "term": self._term,
            "term, term": self._term_twice,
            "hole": self._blackhole,
            "restart": self._restart,
            "cut": self._cut,
            "full": self._fill,
            "producer": self._producer,
        }

    async def do(self, fault: Fault, place: WorkerSlot) -> None:
        """Let a fault happen, until it is over; ``place`` is the worker's that it hits."""
        await self._faults[fault.kind](place, fault)

    async def _term(self, place: WorkerSlot, _: Fault) -> None:
        await self.term(place)

    async def _term_twice(self, place: WorkerSlot, _: Fault) -> None:
        await self.term(place, twice=True)

    async def _cut(self, _: WorkerSlot, __: Fault) -> None:
        if not self._away:
            self._crew.note("cut")
            await self._system.cut()

    async def _producer(self, _: WorkerSlot, __: Fault) -> None:
        if self._crew.kill_producer():
            self._crew.note("producer killed")

    async def _kill(self, place: WorkerSlot, fault: Fault) -> None:
        if place.process is not None:
            self._crew.note("kill", place)
            place.restart_delay = fault.seconds
            place.kill()

    async def _hold(self, place: WorkerSlot, fault: Fault) -> None:
        life = place.generation
        if place.stopped or place.process is None:
            return
        self._crew.note("stop", place)
        place.stopped = place.signal(signal.SIGSTOP, group=True)
        deadline = time.monotonic() + SLOWER * fault.seconds
        await asyncio.sleep(fault.seconds)
        while fault.outlasts and not self._started(fault.outlasts) and time.monotonic() < deadline:
            await asyncio.sleep(LOOK)
        place.stopped = False
        if place.generation == life:
            place.signal(signal.SIGCONT, group=True)
            self._crew.note("cont", place)

    async def term(self, place: WorkerSlot, *, twice: bool = False) -> None:
        """It has to end by itself; who does not is killed, and the log says why."""
        life, process = place.generation, place.process
        if process is None or place.stopped:
            return
        self._crew.note("term", place)
        place.signal(signal.SIGTERM, group=False)
        if twice:
            await asyncio.sleep(AGAIN)
            self._crew.note("term", place)
            place.signal(signal.SIGTERM, group=False)
        deadline = time.monotonic() + self._crew.plan.grace + STOP
        while place.generation == life and place.process is process and time.monotonic() < deadline:
            await asyncio.sleep(LOOK)
        if place.generation == life and place.process is process:
            self._crew.note("kill", place, note="it did not end")
            place.kill()

    async def _blackhole(self, place: WorkerSlot, fault: Fault) -> None:
        relay = place.relay
        if relay is None or relay.blackholed:
            return
        relay.blackhole()
        self._crew.note("hole", place)
        await asyncio.sleep(fault.seconds)
        relay.heal()
        self._crew.note("healed", place)

    async def _restart(self, _: WorkerSlot, fault: Fault) -> None:
        if self._away or self._full:
            return
        self._away = True
        self._crew.note("away")
        await self._system.kill()
        await asyncio.sleep(fault.seconds)
        await self._system.restart()
        self._crew.note("back")
        self._away = False

    async def _fill(self, _: WorkerSlot, fault: Fault) -> None:
        if self._full or self._away:
            return
        self._full = True
        self._crew.note("full")
        await self._system.fill(full=True)
        await asyncio.sleep(fault.seconds)
        await self._system.fill(full=False)
        self._crew.note("room")
        self._full = False
