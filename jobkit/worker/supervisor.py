"""Keeps worker processes running: starts again what died, hands on signals, and says at its end how that went."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from jobkit.worker.health_files import HealthFiles
from jobkit.worker.stats import WorkerStats
from jobkit.worker.supervisor_pipe import read_stats

log = logging.getLogger("jobkit.worker")

FIRST: Final = 0.5
LAST: Final = 30.0
"""Seconds before a process that died is started again: doubled each time, and the first anew after a long life."""

LONG: Final = 60.0
"""Seconds; who lived for so long has not died of how it was started."""

USAGE: Final = 2
"""The exit code of a command that can't be run as it was given: to start it again would not help."""

SILENCE: Final = 30.0
"""Seconds; whose loop has told nothing for so long is not alive."""

KILL_AFTER_GRACE: Final = 15.0
"""Seconds beyond the grace that a process has to end."""


@dataclass
class WorkerProcess:
    """A worker process."""

    place: int
    process: asyncio.subprocess.Process
    reader: asyncio.StreamReader
    started: float
    figures: WorkerStats = field(default_factory=WorkerStats)
    heard: float = 0.0
    was_ready: asyncio.Event = field(default_factory=asyncio.Event)

    def ended_before_start(self, code: int) -> bool:
        """Ended by a TERM before it had come so far as to wait for one."""
        return code == -signal.SIGTERM and not self.heard

    def __str__(self) -> str:
        return f"process {self.process.pid}"

    def send(self, number: int) -> None:
        if self.process.returncode is None:
            self.process.send_signal(number)


class Supervisor:
    """``command``: what one process is started by; it is handed its place and the number of a pipe for its reports.
    ``ended``: told of each process that has ended.

    Ends with 0 once it was asked to and all processes ended well; with 1 when one had to be killed or ended badly while
    stopping; with the code of a process that can't be run as it was given; with 128 and the signal when it was asked a
    second time.
    """

    def __init__(
        self,
        command: Callable[[int, int], Sequence[str]],
        count: int,
        grace: float,
        files: HealthFiles,
        environment: Mapping[str, str] | None = None,
        ended: Callable[[int], None] = lambda pid: None,
    ) -> None:
        self._command = command
        self._count = count
        self._grace = grace
        self._files = files
        self._environment = environment
        self._ended = ended
        self._children: dict[int, WorkerProcess] = {}
        self._past: list[WorkerStats] = []
        self._keepers: list[asyncio.Task[int]] = []
        self._asked: int | None = None
        self._stopping = asyncio.Event()
        self._code = 0
        self._changed = asyncio.Event()
        self._rolling: asyncio.Task[None] | None = None

    @property
    def figures(self) -> WorkerStats:
        """Of all processes together, those that ended included."""
        now = [child.figures for child in self._children.values()]
        ready = len(now) == self._count and all(each.ready for each in now)
        both = WorkerStats.total([*now, *self._past])
        return WorkerStats(
            ready=ready, running=both.running, ended=both.ended, failed=both.failed, given_back=both.given_back
        )

    @property
    def alive(self) -> bool:
        """Whether every process that runs was heard of late: its event loop goes on."""
        now = asyncio.get_running_loop().time()
        return all(now - max(child.heard, child.started) < SILENCE for child in self._children.values())

    async def run(self) -> int:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.request_stop, number)
        loop.add_signal_handler(signal.SIGHUP, self._roll)
        self._files.begin(lambda: self.alive)
        self._keepers = [
            loop.create_task(self._run_slot(place), name=f"jobkit-{place}") for place in range(self._count)
        ]
        codes = await asyncio.gather(*self._keepers)
        self._files.end()
        log.info("all %d processes have ended", self._count)
        return self._code or max(codes)

    def request_stop(self, number: int) -> None:
        """As a signal does: to stop, and the second time to end at once."""
        if self._asked is not None:
            log.warning("asked to stop again: ending at once")
            self._code = 128 + number
        else:
            log.info("asked to stop by %s", signal.Signals(number).name)
        self._asked = number
        self._stop()

    def _stop(self) -> None:
        self._stopping.set()
        self._show()
        for child in self._children.values():
            child.send(signal.SIGTERM)

    # One place.

    async def _run_slot(self, place: int) -> int:
        """Keep one process running, until all are asked to stop; the exit code that it has then."""
        pause = FIRST
        while True:
            child = await self._start(place)
            self._children[place] = child
            if self._stopping.is_set():
                child.send(signal.SIGTERM)
            code = await self._watch(child)
            lived = asyncio.get_running_loop().time() - child.started
            child = self._children.pop(place, child)
            self._show()
            if self._stopping.is_set():
                return 0 if code == 0 or child.ended_before_start(code) else 1
            if code == USAGE and not child.was_ready.is_set():
                self._give_up(code)
                return code
            if code == 0:
                log.info("%s has ended; another takes its place", child)
                continue
            pause = FIRST if lived >= LONG else pause
            log.error("%s has ended (%s); another is started in %.3g s", child, meaning(code), pause)
            try:
                async with asyncio.timeout(pause):
                    await self._stopping.wait()
                return 0
            except TimeoutError:
                pause = min(2 * pause, LAST)

    async def _start(self, place: int) -> WorkerProcess:
        reading, writing = os.pipe()
        process = await asyncio.create_subprocess_exec(
            *self._command(place, writing),
            stdin=asyncio.subprocess.PIPE,
            pass_fds=(writing,),
            env=self._environment,
            start_new_session=True,  # a key in the terminal is for the supervisor, which hands it on
        )
        os.close(writing)
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(reading, "rb"))
        log.info("process %d has started", process.pid)
        return WorkerProcess(place, process, reader, started=loop.time())

    async def _watch(self, child: WorkerProcess) -> int:
        """Listen to a process until it has ended; one that is asked to and does not is killed."""
        listening = asyncio.create_task(self._listen(child))
        ending = asyncio.create_task(child.process.wait())
        asked = asyncio.create_task(self._stopping.wait())
        await asyncio.wait([ending, asked], return_when=asyncio.FIRST_COMPLETED)
        if not ending.done():
            await asyncio.wait([ending], timeout=self._grace + KILL_AFTER_GRACE)
        if not ending.done():
            log.error("%s does not end, and is killed", child)
            child.send(signal.SIGKILL)
        code = await ending
        asked.cancel()
        await listening
        self._ended(child.process.pid)
        self._past.append(WorkerStats(ended=child.figures.ended, failed=child.figures.failed))
        self._past = [WorkerStats.total(self._past)]
        return code

    async def _listen(self, child: WorkerProcess) -> None:
        async for figures in read_stats(child.reader):
            child.figures = figures
            child.heard = asyncio.get_running_loop().time()
            if figures.ready:
                child.was_ready.set()
            self._show()

    def _show(self) -> None:
        self._changed.set()
        self._files.set_ready(ready=self.figures.ready and not self._stopping.is_set())

    def _give_up(self, code: int) -> None:
        """A process says that it can't be run: neither can the others."""
        self._code = code
        self._stop()

    # All, one after the other.

    def _roll(self) -> None:
        """HUP: put a new process in the place of each, one after the other."""
        if self._rolling is None or self._rolling.done():
            self._rolling = asyncio.get_running_loop().create_task(self._replace_all(), name="jobkit-rolling")

    async def _replace_all(self) -> None:
        log.info("asked by HUP to replace all processes")
        for child in list(self._children.values()):
            child.send(signal.SIGTERM)
            while not self._stopping.is_set() and not self._has_successor(child):
                self._changed.clear()
                await self._changed.wait()

    def _has_successor(self, child: WorkerProcess) -> bool:
        now = self._children.get(child.place)
        return now is not None and now is not child and now.was_ready.is_set()


def meaning(code: int) -> str:
    """``killed by SIGKILL``, ``exit code 1``."""
    if code < 0:
        try:
            return f"killed by {signal.Signals(-code).name}"
        except ValueError:
            return f"killed by signal {-code}"
    return f"exit code {code}"
