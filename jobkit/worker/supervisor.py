"""Keeps worker processes running: starts again what died, hands on signals, and says at its end how that went."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

from jobkit.worker import signal_handling
from jobkit.worker.health_files import HealthFiles
from jobkit.worker.stats import WorkerStats
from jobkit.worker.stop_requests import StopRequest, StopRequests
from jobkit.worker.worker_process import WorkerProcess

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


class Supervisor:
    """``command``: what one process is started by; it is handed its place and the number of a pipe for its reports.
    ``ended``: told of each process that has ended.

    A process that can't be started is tried again, as one that died is. Ends with 0 once it was asked to and all
    processes ended well; with 1 when one had to be killed or ended badly while stopping; with the code of a process
    that can't be run as it was given; with 128 and the signal when it was asked a second time.
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
        self._requests = StopRequests()
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
        signal_handling.handle(
            {
                signal.SIGTERM: self.request_stop,
                signal.SIGINT: self.request_stop,
                signal.SIGHUP: lambda _: self._roll(),
            }
        )
        self._files.begin(lambda: self.alive)
        self._keepers = [
            loop.create_task(self._run_slot(place), name=f"jobkit-{place}") for place in range(self._count)
        ]
        codes = await asyncio.gather(*self._keepers)
        self._files.end()
        log.info("all %d processes have ended", self._count)
        return self._code or max(codes)

    def request_stop(self, number: int) -> None:
        """Do what a signal asks for: stop, or kill all if it is a second one and no repetition of the first."""
        match self._requests.signal(time.monotonic()):
            case StopRequest.STOP:
                log.info("asked to stop by %s", signal.Signals(number).name)
                self._stop()
            case StopRequest.END_NOW:
                log.warning("asked to stop again: ending at once")
                self._code = 128 + number
                for child in self._children.values():
                    child.kill()
            case StopRequest.SAME:
                log.debug("%s was delivered twice", signal.Signals(number).name)

    def _stop(self) -> None:
        self._stopping.set()
        self._show()
        for child in self._children.values():
            child.ask_to_stop()

    # One place.

    async def _run_slot(self, place: int) -> int:
        """Keep one process running, until all are asked to stop; the exit code that it has then."""
        pause = FIRST
        while not self._stopping.is_set():
            try:
                child = self._start(place)
            except Exception as error:  # noqa: BLE001 - told, and tried again: a supervisor outlives whatever fails
                log.error("no process can be started (%r); trying again in %.3g s", error, pause)
                pause = await self._pause(pause)
                continue
            code = await self._watch(child)
            lived = asyncio.get_running_loop().time() - child.started
            del self._children[place]
            self._show()
            if self._stopping.is_set():
                return 0 if child.ended_well(code) else 1
            if code == USAGE and not child.was_ready.is_set():
                self._give_up(code)
                return code
            if child.ended_as_expected(code):
                log.info("%s has ended; another takes its place", child)
                continue
            pause = FIRST if lived >= LONG else pause
            log.error("%s has ended (%s); another is started in %.3g s", child, meaning(code), pause)
            pause = await self._pause(pause)
        return 0

    async def _pause(self, seconds: float) -> float:
        """Wait, until all are asked to stop at most, and return how long to wait the next time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        return min(2 * seconds, LAST)

    def _start(self, place: int) -> WorkerProcess:
        child = WorkerProcess(place, partial(self._command, place), self._environment, self._show)
        self._children[place] = child
        log.info("%s has started", child)
        return child

    async def _watch(self, child: WorkerProcess) -> int:
        """Wait until a process has ended; one that is asked to and does not is killed."""
        ending = asyncio.create_task(child.end())
        asked = asyncio.create_task(child.asked.wait())
        await asyncio.wait([ending, asked], return_when=asyncio.FIRST_COMPLETED)
        if not ending.done():
            await asyncio.wait([ending], timeout=self._grace + KILL_AFTER_GRACE)
        if not ending.done():
            log.error("%s does not end, and is killed", child)
            child.kill()
        asked.cancel()
        try:
            code = await ending
        except Exception:
            log.exception("how %s ended can't be learned, and it is killed", child)
            child.kill()
            code = 1
        try:
            self._ended(child.pid)
        except Exception:
            log.exception("what %s has counted could not be put away", child)
        self._past.append(WorkerStats(ended=child.figures.ended, failed=child.figures.failed))
        self._past = [WorkerStats.total(self._past)]
        return code

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
            child.ask_to_stop()
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
