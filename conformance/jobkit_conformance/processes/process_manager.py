"""The processes of one play: workers, each in its place, and a producer; whatever becomes of them is in the log."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from jobkit_conformance.processes import producer, task
from jobkit_conformance.processes.orphan_reaper import OrphanReaper
from jobkit_conformance.processes.plan import Plan
from jobkit_conformance.processes.system import KIT, SystemHarness
from jobkit_conformance.transport.tcp_relay import TcpRelay

AT_ONCE: Final = 0.05
"""Seconds until a process that fell by itself is started again."""
FAITHLESS: Final = 6
"""Processes in one place that end by themselves before anything was performed: then there is nothing to judge."""


class DoesNotRun(Exception):
    """The harness' own processes do not work; the message has what they printed."""


class WorkerSlot:
    """One worker's place: when its process ends another takes it, until nobody should."""

    def __init__(self, crew: ProcessManager, slot: int) -> None:
        self.slot = slot
        self.generation = 0
        self.relay: TcpRelay | None = None
        self.restart_delay = 0.0
        """Seconds for which nobody takes the place of the process that is lost next."""
        self.process: asyncio.subprocess.Process | None = None
        self.stopped = False
        self._crew = crew
        self._closing = False
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        self._task = asyncio.create_task(self._keep(), name=f"place-{self.slot}")

    async def _keep(self) -> None:
        while not self._closing:
            self.generation += 1
            self.process = await self._start()
            self._crew.note("up", self, pid=self.process.pid)
            code = await self._crew.ended(self.process)
            self.process = None
            self._crew.note("down", self, note=str(code))
            self._crew.on_exit(self)
            rest, self.restart_delay = self.restart_delay or AT_ONCE, 0.0
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wanted.wait(), rest)

    async def _start(self) -> asyncio.subprocess.Process:
        address = ("127.0.0.1", self.relay.port) if self.relay is not None else None
        command = self._crew.system.worker(self._crew.plan.slots)
        variables = {task.SLOT: str(self.slot), task.LIFE: str(self.generation)}
        return await self._crew.start(command, address, variables, f"worker-{self.slot}.out")

    def signal(self, number: signal.Signals, *, group: bool) -> bool:
        """Send it to the process, or to all that it started; whether there was one."""
        process = self.process
        if process is None:
            return False
        with contextlib.suppress(ProcessLookupError):
            (os.killpg if group else os.kill)(process.pid, number)
        return True

    def kill(self) -> bool:
        return self.signal(signal.SIGKILL, group=True)

    def fill(self) -> None:
        """Nobody is lost any more: whoever falls is replaced at once, and an empty place is taken."""
        self._wanted.set()

    def end(self) -> None:
        """Whoever falls now is the last in this place."""
        self._closing = True
        self._wanted.set()

    async def ended(self, within: float) -> bool:
        """Wait until it has fallen."""
        assert self._task is not None
        done, _ = await asyncio.wait([self._task], timeout=within)
        return bool(done)

    async def dismiss(self) -> None:
        """End it, whatever it does."""
        self.end()
        self.kill()
        if self._task is not None and not await self.ended(1.0):
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self.kill()


class ProcessManager:
    """All processes of one play. ``folder`` is for what they write."""

    def __init__(self, system: SystemHarness, plan: Plan, folder: Path) -> None:
        self.system = system
        self.plan = plan
        self.folder = folder
        self.log = folder / "log"
        self._file = task.opened(str(self.log))
        self._guardian = OrphanReaper()
        self.places = [WorkerSlot(self, slot) for slot in range(plan.workers)]
        self.worked = False
        """Whether any job ever started."""
        self.failed: DoesNotRun | None = None
        self._producer: asyncio.subprocess.Process | None = None

    def note(self, what: str, place: WorkerSlot | None = None, **facts: object) -> float:
        """Append to the log what the kit did, or saw."""
        who = {} if place is None else {"slot": place.slot, "life": place.generation}
        return task.append(self._file, what, **who, **facts)

    async def start(
        self, command: Sequence[str], address: tuple[str, int] | None, variables: Mapping[str, str], output: str
    ) -> asyncio.subprocess.Process:
        """A process of this play."""
        paths = [str(KIT), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
        own = self.system.environment(address)
        path = own.get("PYTHONPATH", "").split(os.pathsep)
        environment = {
            **os.environ,
            **own,
            **variables,
            task.LOG: str(self.log),
            "PYTHONPATH": os.pathsep.join(filter(None, [*path, *paths])),
        }
        with (self.folder / output).open("ab") as file:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                env=environment,
                cwd=self.system.folder,
                start_new_session=True,
            )
        self._guardian.watch(process.pid)
        return process

    async def ended(self, process: asyncio.subprocess.Process) -> int:
        """Wait until it has; its exit code."""
        code = await process.wait()
        self._guardian.forget(process.pid)
        return code

    async def produce(self, tasks: Sequence[task.Task], pace: float = 0.0) -> int:
        """Let a producer offer these; its exit code, negative when it was killed."""
        words = self.folder / "tasks"
        words.write_text("\n".join(map(task.write, tasks)))
        variables = {producer.REPEATS: "yes"} if self.system.declared.repeats else {}
        command = [self.system.python, "-m", producer.__name__, self.system.enqueue, str(words), str(pace)]
        self._producer = await self.start(command, self.system.store(), variables, "producer.out")
        code = await self.ended(self._producer)
        self._producer = None
        if code > 0:
            raise DoesNotRun(f"the producer ended with exit code {code}:\n{self._tail('producer.out')}")
        return code

    @property
    def producing(self) -> bool:
        return self._producer is not None

    def kill_producer(self) -> bool:
        """Whether there was one."""
        if self._producer is None:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._producer.pid, signal.SIGKILL)
        return True

    def on_exit(self, place: WorkerSlot) -> None:
        """A worker's process has ended; when none ever does anything, that is the harness' fault."""
        if not self.worked and place.generation >= FAITHLESS:
            output = self._tail(f"worker-{place.slot}.out")
            self.failed = DoesNotRun(f"workers end before they perform anything; the last one printed:\n{output}")
            place.end()

    def _tail(self, output: str) -> str:
        return (self.folder / output).read_text(errors="replace")[-1500:]

    async def open(self) -> None:
        """Start the workers, each behind a relay of its own where there is a network."""
        await self._guardian.open()
        store = self.system.store()
        for place in self.places:
            if store is not None:
                place.relay = TcpRelay(*store)
                await place.relay.open()
            place.open()

    async def close(self) -> None:
        """Leave nothing behind, whatever went wrong."""
        if self.kill_producer() and self._producer is not None:
            await self._producer.wait()
        await asyncio.gather(*(place.dismiss() for place in self.places))
        for place in self.places:
            if place.relay is not None:
                await place.relay.close()
        await self._guardian.close()
        os.close(self._file)
