"""Plays one worker behind the proxy: a few jobs, one fault, and in the end every job has ended."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Any, Final

from jobkit.backend import NotFound, Stored
from jobkit.errors import BackendUnavailable
from jobkit.lifecycle import State
from jobkit.retry import Retry
from jobkit_conformance.env import Env
from jobkit_conformance.network.faults import FAULTS
from jobkit_conformance.network.worker_case import WorkerFaultCase
from jobkit_conformance.transport.proxy import FaultTrigger, Proxy
from jobkit_conformance.violations import RuleViolation
from jobkit_conformance.workers.faulty_backend import FaultControls
from jobkit_conformance.workers.worker_env import WorkerPool, WorkerThread, crew, running_job

SLOTS: Final = 2
ATTEMPTS: Final = 3
"""Of each job: one may fail, and one may be lost to the fault."""
STOPPING: Final = 8.0
"""Seconds within which a worker has stopped, beyond its grace, whatever the store does."""
BUSY: Final = 200
"""Commands a second that no worker with three jobs needs."""
TICK: Final = 0.004


class WorkerCaseRun:
    """One play of one case. ``lease``: seconds."""

    def __init__(self, env: Env, case: WorkerFaultCase, proxy: Proxy, lease: float) -> None:
        self.commands: list[str] = []
        """Of all that the worker sent, its keeper included: the verb of which it is the request itself, or nothing."""
        self.struck = False
        self.kind = case.kind
        self._env = env
        self._case = case
        self._proxy = proxy
        self._lease = lease
        self._ties = FaultControls(proxy=proxy)
        self._hand: WorkerThread | None = None
        self._running = self._most = 0
        self._performed: set[str] = set()
        """Ids of what was performed to an end, by a worker that was alive then."""
        self._lock = threading.Lock()

    async def play(self) -> None:
        """The jobs, and what became of them; `Broken` under the rule that was broken."""
        fault = FAULTS.get(self._case.fault)
        if fault is not None:
            self._proxy.arm(FaultTrigger(self._case.at, fault.place, fault.then, self._meanwhile))
        async with crew(self._env) as all:
            declare(all, self)
            ids = [await all.enqueue(all.app.jobs[name]) for name in ("quick", "fails", "long")]
            begun = time.monotonic()
            self._hand = hand = await all.start_worker(
                self._ties, concurrency=SLOTS, lease=self._lease, wait=0.1, grace=self._lease
            )
            await self._until_ended(all, ids, "W9", "what was enqueued is performed, and the worker goes on")
            if not self._is_dead:
                await self._ready(all, lambda: hand.ready)
                ids.append(await all.enqueue(all.app.jobs["stays"]))
                await self._until(all, lambda: all.starts_of("stays") == 1, "W9", "a job that came later starts")
            if not self._is_dead:
                await self._stop(hand.stop())
            self._judge(time.monotonic() - begun)
            self.commands = requests(self._ties.sent, len(self._proxy.commands))
            await self._rescue(all, ids)
        most = max((sum(start.id == id for start in all.starts) for id in ids), default=0)
        if most > ATTEMPTS:
            raise RuleViolation("W4", f"a job with {ATTEMPTS} attempts started {most} times")

    # What befalls the worker.

    async def _meanwhile(self) -> None:
        self.struck = True
        command = f"command {self._case.at} of the worker ({self._proxy.commands[self._case.at - 1]})"
        self._env.trace.noted("w1", FAULTS[self._case.fault].words.format(it=command))
        match self._case.fault:
            case "dies":
                self._ties.killed = True
            case "flushed":
                await self._env.harness.drop()
            case "restarted":
                await self._env.harness.restart()
            case _:
                pass

    @property
    def _is_dead(self) -> bool:
        return self._ties.killed

    # What is expected.

    async def _until(self, all: WorkerPool, holds: Callable[[], Any], rule: str, what: str) -> None:
        """Wait until something is so, or the worker has died."""
        self._env.rule = rule
        await all.until(lambda: self._is_away() or bool(holds()), what)

    async def _until_ended(self, all: WorkerPool, ids: list[str], rule: str, what: str) -> None:
        async def over() -> bool:
            return (self._is_away() and rule != "W1") or not await self._left(all, ids)

        self._env.rule = rule
        await all.until(over, f"{what} ({', '.join(ids)})")

    async def _left(self, all: WorkerPool, ids: list[str]) -> list[str]:
        """Those that are neither gone nor dead with a reason."""
        try:
            found = await all.client.backend.get(ids)
        except BackendUnavailable:
            return ids  # cut as well; that is not the question
        return [id for id, stored in zip(ids, found, strict=True) if _is_live(stored)]

    async def _ready(self, all: WorkerPool, ready: Callable[[], bool]) -> None:
        await self._until(all, ready, "W9", "the worker says that it is ready")

    async def _stop(self, stopping: Any) -> None:
        within = self._lease + STOPPING
        task = asyncio.ensure_future(stopping)
        await asyncio.wait([task], timeout=within)
        if not task.done() and not self._is_dead:
            raise RuleViolation("W7", f"a worker that was asked to stop has not stopped within {within:g} s")
        with contextlib.suppress(asyncio.CancelledError):
            if task.done():
                task.result()

    def _is_away(self) -> bool:
        """Whether the worker has died of the fault; of anything else it must not."""
        fell = self._hand.crashed_with if self._hand is not None else None
        if fell is not None and not self._is_dead:
            raise RuleViolation("W6", f"the worker ended by itself: {type(fell).__name__}: {fell}") from fell
        return self._is_dead

    def _judge(self, took: float) -> None:
        self._is_away()
        if self._most > SLOTS:
            raise RuleViolation("W8", f"{self._most} jobs ran at once, where {SLOTS} may")
        if len(self._proxy.commands) > BUSY * (took + 1):
            raise RuleViolation("W9", f"the worker sent {len(self._proxy.commands)} commands in {took:.1f} s: it spins")

    async def _rescue(self, all: WorkerPool, ids: list[str]) -> None:
        """What a worker left behind is performed by another, once the leases have run out."""
        if await self._left(all, ids):
            if self._env.harness.clock_mode == "offset":
                await self._env.advance(round(2000 * self._lease))
            await all.start_worker(concurrency=SLOTS, lease=4 * self._lease, wait=0.1, grace=self._lease)
        await self._until_ended(all, ids, "W1", "every accepted job is performed to an end")
        for id, stored in zip(ids, await all.client.backend.get(ids), strict=True):
            if isinstance(stored, NotFound) and id not in self._performed:
                raise RuleViolation(
                    "W1", f"{id} was accepted, is not in the store any more, and was never performed to an end"
                )

    # The jobs.

    def enters(self) -> None:
        """A job runs."""
        with self._lock:
            self._running += 1
            if not self._is_dead:
                self._most = max(self._most, self._running)

    def leaves(self) -> None:
        """A job has ended."""
        with self._lock:
            self._running -= 1

    def has_performed(self) -> None:
        """The job that runs here has done what it had to; in a worker that was killed it was never to get there."""
        context = running_job()
        if not (self._is_dead and (context.id, context.attempt) in self._ties.granted):
            self._performed.add(context.id)

    def goes_on(self, job: str, since: float) -> bool:
        """Whether a job has something to wait for: that its lease was extended, or that its worker stops."""
        late = time.monotonic() - since > 2 * self._lease
        if job == "long":
            return not late and not any(verb == "extend" for verb, _ in tuple(self._ties.calls))
        return job == "stays" and running_job().attempt == 1 and not running_job().stopping and not self._is_dead


def requests(calls: Sequence[tuple[str, int]], count: int) -> list[str]:
    """Of so many commands the verb of which each is the request itself, as far as calls that cross allow to tell.

    ``calls``: verbs, and how many commands had passed before. The first call of a verb connects first, so its request
    comes last; later ones begin with it, in the order of the calls, and what follows is how they wait.
    """
    words = [""] * count
    seen: set[str] = set()
    together = [(begin, [verb for verb, _ in some]) for begin, some in groupby(calls, key=itemgetter(1))]
    for (begin, verbs), (end, _) in pairwise([*together, (count, [])]):
        new = [verb for verb in verbs if verb not in seen]
        seen.update(verbs)
        if new and begin < end:
            words[end - 1] = new[-1]
        else:
            words[begin:end] = [*verbs, *[""] * (end - begin)][: end - begin]
    return words


def _is_live(stored: Stored | NotFound) -> bool:
    return isinstance(stored, Stored) and not (stored.state is State.DEAD and stored.reason)


def declare(all: WorkerPool, play: WorkerCaseRun) -> None:
    """The jobs of a play: one that ends at once, one that fails first, one that lasts, and one that stays."""
    for name in ("quick", "fails", "long", "stays"):
        function = _plain(all, play, name) if play.kind == "plain" else _asynchronous(all, play, name)
        all.app.job(name=name, retry=Retry(attempts=ATTEMPTS, wait=0))(function)


def _plain(all: WorkerPool, play: WorkerCaseRun, name: str) -> Callable[[], None]:
    def job() -> None:
        all.begin()
        play.enters()
        try:
            since = time.monotonic()
            while play.goes_on(name, since) and not all.over.is_set():
                time.sleep(TICK)
            _fail_first(name)
            play.has_performed()
        finally:
            play.leaves()

    return job


def _asynchronous(all: WorkerPool, play: WorkerCaseRun, name: str) -> Callable[[], Any]:
    async def job() -> None:
        all.begin()
        play.enters()
        try:
            since = time.monotonic()
            while play.goes_on(name, since) and not all.over.is_set():
                await asyncio.sleep(TICK)
            _fail_first(name)
            play.has_performed()
        finally:
            play.leaves()

    return job


def _fail_first(name: str) -> None:
    if name == "fails" and running_job().attempt == 1:
        raise ValueError("it fails the first time")
