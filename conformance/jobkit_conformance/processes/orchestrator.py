"""Plays a plan: starts the processes, does to them what is planned, waits for quiet, and gives back the log."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
import time
from collections import Counter
from collections.abc import Collection, Coroutine, Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from jobkit_conformance.history.event_log import Event, Reader, read
from jobkit_conformance.processes.nemesis import Nemesis
from jobkit_conformance.processes.plan import CALL, FIRST, LATE, Fault, Plan
from jobkit_conformance.processes.process_manager import ProcessManager, WorkerSlot
from jobkit_conformance.processes.system import SystemHarness
from jobkit_conformance.processes.task import Task

LOOK: Final = 0.005
"""Seconds between two looks at the log."""
MOMENT: Final = 0.5
"""Seconds in which somebody may still start a job that was granted to them."""
START: Final = 5.0
"""Seconds that processes have to start."""
GATHER: Final = 20.0
"""Seconds in which they are waited for before the first job, where they should be there, however slow the machine."""
LONGEST: Final = 600.0
"""Seconds for the jobs of one play, however lively it goes on."""
TURNS: Final = 4
"""Roll calls, while somebody is missing who may still be on its way."""


class Orchestrator:
    """One play, with these processes."""

    def __init__(self, system: SystemHarness, plan: Plan, crew: ProcessManager) -> None:
        self._system = system
        self._plan = plan
        self.crew = crew
        self.longest = LONGEST
        self._trouble = Nemesis(system, self.crew, self._has_started)
        self._reader = Reader(self.crew.log)
        self._began: dict[str, tuple[int, int]] = {}
        """By job the place and the life in which it first started."""
        self._starts = Counter[str]()
        self._deadly = [task.id for task in plan.tasks if task.how == "kills"]
        self._ended: set[str] = set()
        self._last = time.monotonic()
        self._missing: set[str] = set()
        self._accepted: set[str] = set()
        self._faults = [each for each in plan.faults if each.nth <= len(plan.tasks)]
        self._called: list[str] = []
        self._under_way: set[asyncio.Task[None]] = set()
        self._troubles: dict[asyncio.Task[None], WorkerSlot] = {}

    async def perform(self) -> None:
        """From the first process to the last; everything is in the log then."""
        await self._system.begin()
        try:
            await self.crew.open()
            if self._plan.gathered:
                await self._warm_up(FIRST, GATHER)
            await self._jobs()
            await self._quiet_faults()
            self.crew.note("calm")
            if not self._endless:
                await self._liveness_check()
            await self._stop()
            self.crew.note("over")
            await self._look_at_what_is_left()
        finally:
            for task in self._under_way:
                task.cancel()
            await asyncio.gather(*self._under_way, return_exceptions=True)
            await self.crew.close()
            self._reader.close()

    @property
    def progress(self) -> tuple[int, int]:
        """How many jobs have started, and how many have ended."""
        return len(self._began), len(self._ended)

    # Jobs.

    async def _jobs(self) -> None:
        producing = self._begin(self._produce(self._plan.tasks))
        ids = {task.id for task in self._plan.tasks}
        await self._until(ids)
        await asyncio.gather(*self._under_way)
        await producing
        if not self._endless:
            await self._drained(ids)

    async def _produce(self, tasks: Sequence[Task]) -> None:
        """Offer them; a producer that was killed is followed by one that offers what is not known to be accepted."""
        left = list(tasks)
        while await self.crew.produce(left, self._plan.pace) < 0:
            self._look()
            left = [task for task in left if task.id not in self._accepted]
            if left and not self._system.declared.repeats:
                self._faults = [each for each in self._faults if self._hit(each) != left[0]]
                left = left[1:]  # the one that was in doubt, which may never start
            if not left:
                return

    def _begin(self, what: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(what)
        self._under_way.add(task)
        return task

    @cached_property
    def _patience(self) -> float:
        """Seconds without a start or an end, after which none will come: whatever is lost would have been found."""
        declared = self._system.declared
        longest = max(task.milliseconds + task.after for task in (*self._plan.tasks, *self._plan.calls())) / 1000
        faults = max((fault.seconds for fault in self._plan.faults), default=0.0)
        return START + longest + faults + (declared.lease or 0.0) + declared.slack + declared.timeout + LATE

    async def _until(self, ids: Collection[str]) -> None:
        """Wait until these jobs have ended, and do meanwhile all that is planned for them."""
        self._missing = {id for id in ids if id not in self._ended}
        self._last = time.monotonic()
        deadline = time.monotonic() + self.longest
        planned = any(self._hit(fault).id in self._missing for fault in self._faults)
        while time.monotonic() < deadline and self._quiet < self._patience:
            self._look()
            if self.crew.failed is not None:
                raise self.crew.failed
            if self._endless or (not (planned and self._faults) and await self._are_over()):
                return
            await asyncio.sleep(LOOK)

    async def _are_over(self) -> bool:
        """Whether all have ended, or nobody will ever perform those that have not."""
        if not self._missing:
            return True
        if self.crew.producing or self._quiet < self._rest:
            return False
        missing = sorted(self._missing)
        if not self._system.offers("left"):
            return not any(id in self._accepted for id in missing)
        try:
            left = await self._system.left(missing)
        except Exception:  # noqa: BLE001 - the store may be away just now, and is asked again
            return False
        return "live" not in left.values()

    @property
    def _rest(self) -> float:
        """Seconds without a start or an end, after which the store is asked what it has of those that have not ended.

        Who has killed as many workers as it may never ends; anybody else may be under way.
        """
        limit = self._system.declared.attempts
        spent = limit is not None and all(id in self._deadly and self._starts[id] >= limit for id in self._missing)
        return MOMENT if spent and self._system.offers("left") else self._plan.lease + LATE

    @property
    def _endless(self) -> bool:
        """Whether a job that kills its worker goes on to do so, beyond every limit."""
        limit = self._system.declared.attempts
        return limit is not None and any(self._starts[id] > limit + 2 for id in self._deadly)

    @property
    def _quiet(self) -> float:
        """Seconds since any job started or ended, and since everything is as it should be."""
        if self._in_trouble():
            self._last = time.monotonic()
        return time.monotonic() - self._last

    def _look(self) -> None:
        """Read what is new, and begin the faults whose time has come."""
        busy: list[WorkerSlot] = []
        for event in self._reader.new():
            if event.what in ("start", "end"):
                self._last = time.monotonic()
            match event.what:
                case "start":
                    self.crew.worked = True
                    self._starts[event.id] += 1
                    self._began.setdefault(event.id, (event.slot, event.life))
                    busy.append(self.crew.places[event.slot])
                case "end":
                    self._ended.add(event.id)
                    self._missing.discard(event.id)
                case "accepted":
                    self._accepted.add(event.id)
                case _:
                    pass
        for fault in tuple(self._faults):
            place = self._whom(fault, busy)
            if place is not None:
                self._faults.remove(fault)
                self._troubles[self._begin(self._trouble.do(fault, place))] = place

    def _whom(self, fault: Fault, busy: Sequence[WorkerSlot]) -> WorkerSlot | None:
        """Whose worker is hit now: the one that began the job. Who is to stand still for long, beside what happens to
        others, is another one that begins a job, if something else happens to that one already."""
        began = self._began.get(self._hit(fault).id)
        if began is None:
            return None
        place, troubled = self.crew.places[began[0]], self._in_trouble()
        if not fault.outlasts or place not in troubled or self._has_started(fault.outlasts):
            return place
        return next((other for other in busy if other not in troubled and other.process is not None), None)

    def _in_trouble(self) -> Collection[WorkerSlot]:
        """Those to which something happens just now."""
        self._troubles = {trouble: place for trouble, place in self._troubles.items() if not trouble.done()}
        return self._troubles.values()

    def _has_started(self, nth: int) -> bool:
        return self._plan.tasks[nth - 1].id in self._began

    def _hit(self, fault: Fault) -> Task:
        """The job at whose start it happens."""
        return self._plan.tasks[fault.nth - 1]

    async def _drained(self, ids: Collection[str]) -> None:
        """Wait until the store has let go of what has ended."""
        if not self._system.offers("left"):
            return
        deadline = time.monotonic() + self._patience
        while time.monotonic() < deadline:
            left = await self._system.left(sorted(ids))
            if "live" not in left.values():
                return
            self._look()
            await asyncio.sleep(10 * LOOK)

    # The end.

    async def _quiet_faults(self) -> None:
        """Everybody is there, and has all the time to notice what happens now."""
        for place in self.crew.places:
            place.fill()
        deadline = time.monotonic() + START
        while any(place.process is None for place in self.crew.places) and time.monotonic() < deadline:
            await asyncio.sleep(LOOK)
        quiet = [fault for fault in self._plan.faults if fault.nth > len(self._plan.tasks)]
        for fault in quiet:
            places = self.crew.places if fault.kind == "hole" else self.crew.places[:1]
            await asyncio.gather(*(self._trouble.do(fault, place) for place in places))
        if quiet:
            await asyncio.sleep(self._system.declared.timeout)

    async def _liveness_check(self) -> None:
        """Jobs that every worker has to take a part of; they last for longer than a lease."""
        await self._warm_up(CALL, START)
        long: list[str] = []
        for turn in range(TURNS):
            calls = self._plan.calls(turn)
            long += [task.id for task in calls if task.milliseconds > 1000 * self._plan.lease]
            await self._call(calls)
            if self._missing:  # nobody came for these, with all the time to come
                return
            if self._have_everybody(long) or (turn and self._have_everybody(self._called_by(CALL))):
                return  # who had short ones twice is not waited for any longer

    async def _warm_up(self, before: str, within: float) -> None:
        """Short jobs, until nobody is still on its way: what happens then is no newcomer's fault."""
        deadline = time.monotonic() + within
        for turn in itertools.count():
            await self._call(self._plan.warm_up_jobs(before, turn))
            if self._missing or self._have_everybody(self._called_by(before)) or time.monotonic() > deadline:
                return

    async def _call(self, tasks: Sequence[Task]) -> None:
        await self.crew.produce(tasks)
        self._called += [task.id for task in tasks]
        await self._until({task.id for task in tasks})

    def _called_by(self, name: str) -> list[str]:
        """Who was there before the first job may be gone at the roll call."""
        return [id for id in self._called if id.startswith(name)]

    def _have_everybody(self, ids: Iterable[str]) -> bool:
        """Whether every process began one of these jobs."""
        present = {self._began[id] for id in ids if id in self._began}
        return present >= {(place.slot, place.generation) for place in self.crew.places}

    async def _stop(self) -> None:
        """Ask every worker to stop, for good."""
        for place in self.crew.places:
            place.end()
        await asyncio.gather(*(self._trouble.term(place) for place in self.crew.places))

    async def _look_at_what_is_left(self) -> None:
        if not self._system.offers("left"):
            return
        self._look()
        ids = [task.id for task in self._plan.tasks] + self._called
        for id, state in (await self._system.left(ids)).items():
            self.crew.note("left", id=id, note=state)
        self.crew.note("looked")


async def play(system: SystemHarness, plan: Plan) -> list[Event]:
    """Play once, in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="jobkit-play-", ignore_cleanup_errors=True) as folder:
        conductor = Orchestrator(system, plan, ProcessManager(system, plan, Path(folder)))
        await conductor.perform()
        return read(conductor.crew.log)
