"""Where a scenario takes place: its clients and workers, each with its script, and what comes after them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Final

from jobkit import events
from jobkit.backend import Backend, Capabilities, Done
from jobkit.errors import BackendUnavailable
from jobkit_conformance.answers import MalformedAnswer
from jobkit_conformance.harness import BackendHarness
from jobkit_conformance.history.calls import Call
from jobkit_conformance.history.history import History, RecordingBackend
from jobkit_conformance.history.worker_history import JobSpec, probe
from jobkit_conformance.scenario import SECOND, Crash, Enqueue, Job, Partition, PauseProcess, StartWorker, Step, Stop
from jobkit_conformance.simulation.client import QUEUE, Client
from jobkit_conformance.simulation.loop import SimulatedLoop
from jobkit_conformance.simulation.network import RemoteBackend, SimulatedLink
from jobkit_conformance.simulation.worker_process import SimulatedWorker, job_spec_of, message_of
from jobkit_conformance.violations import RuleViolation

LONG: Final = 30 * SECOND
"""After it every lease has run out and everything is due."""
SETTLED: Final = 10 * SECOND
"""After it every job has had its time, once a worker is there for it."""
ENDING: Final = 60 * SECOND
"""Within it a worker that was asked to stop has stopped, if it ever does."""
AT_ONCE: Final = 10
REST: Final = "rest"
"""Who looks after what is left."""
RELIEF: Final = "relief"
"""A worker that comes when the others had their time."""
RARELY: Final = 0.015
"""How often a parcel goes amiss where workers send many."""

_WHOSE: Final = {
    "enqueue": "E1",
    "reserve": "R2",
    "settle": "L5",
    "extend": "L7",
    "cancel": "X1",
    "requeue": "S6",
    "delete": "I3",
}
"""The rule that a verb breaks when it raises, or answers, what no verb may."""


class Simulator:
    """Plays the scripts of a scenario, all at once."""

    def __init__(
        self, harness: BackendHarness, namespace: str, loop: SimulatedLoop, history: History, *, faulty: bool
    ) -> None:
        self._harness = harness
        self._namespace = namespace
        self._loop = loop
        self._history = history
        self._faulty = faulty
        self._clients: list[Client] = []
        self._workers: list[SimulatedWorker] = []
        self._jobs: dict[str, Job] = {}

    async def main(self, scripts: Sequence[Sequence[Step]]) -> None:
        """Follow every script to its end, and look after what is left."""
        unobserve = events.observe(self._hear)
        try:
            for number in range(len(scripts)):
                await self._open(f"c{number + 1}")
            self._declare(step for script in scripts for step in script)
            scenes = [self._live(client, script) for client, script in zip(tuple(self._clients), scripts, strict=True)]
            await asyncio.gather(*scenes)
            await self._quiesce()
        finally:
            unobserve()
            self._loop.faults_off = True
            for client in self._clients:
                if not client.died.done():
                    await client.backend.close()
            await self._harness.wipe(self._namespace)

    def _declare(self, steps: Iterable[Step]) -> None:
        """What is known of the jobs beforehand."""
        for step in steps:
            match step:
                case Job():
                    self._know(step)
                    if step.child is not None:
                        self._know(Job(step.child))
                case Enqueue():
                    self._history.duties[step.id] = JobSpec(readable=False, buried=self._store.dead_letters)
                case StartWorker():
                    self._loop.fault_rate = RARELY
                case _:
                    continue

    def _know(self, job: Job) -> None:
        self._jobs[job.id] = job
        self._history.duties[job.id] = job_spec_of(job, self._store)

    @property
    def _store(self) -> Capabilities:
        return self._clients[0].backend.capabilities

    async def _open(self, name: str) -> Client:
        wire = SimulatedLink(self._loop, self._history, name, faulty=self._faulty)
        client = Client(name, await self._connect(name, wire), wire.died)
        self._clients.append(client)
        return client

    async def _connect(self, name: str, wire: SimulatedLink, *, firm: bool = False) -> Backend:
        clock = self._history.clock
        if self._harness.offers("simulate"):
            return RecordingBackend(await self._harness.simulate(self._namespace, clock, wire), self._history, name)
        witness = RecordingBackend(await self._harness.open(self._namespace, clock), self._history, name)
        return RemoteBackend(witness, wire, firm=firm)

    async def _hire(self, options: StartWorker, name: str = "") -> SimulatedWorker:
        hand = SimulatedWorker(
            self._loop, self._history, name or f"w{len(self._workers) + 1}", options, self._jobs, QUEUE
        )
        self._workers.append(hand)
        await hand.start(self._harness, partial(self._connect, firm=True), self._namespace, faulty=self._faulty)
        return hand

    def _hear(self, event: events.AnyEvent) -> None:
        for hand in self._workers:
            hand.report(event)

    # The scripts.

    async def _live(self, client: Client, script: Sequence[Step]) -> None:
        """Follow a script to its end, or until the client dies."""
        acting = self._loop.create_task(self._act(client, script))
        await asyncio.wait([acting, client.died], return_when=asyncio.FIRST_COMPLETED)
        if acting.done():
            acting.result()

    async def _act(self, client: Client, script: Sequence[Step]) -> None:
        worker: SimulatedWorker | None = None
        for step in script:
            if isinstance(step, StartWorker):
                worker = await self._hire(step)
            elif isinstance(step, (PauseProcess, Partition, Crash, Stop)):
                await _happen(worker, step)
            else:
                await self._do(client, step)

    async def _do(self, client: Client, step: Step) -> None:
        try:
            await client.do(step)
        except (BackendUnavailable, TimeoutError):
            return  # written down where it happened
        except Exception as error:
            raise self._broken(client.name, error) from error

    def _broken(self, client: str, error: Exception) -> RuleViolation:
        """What it breaks that a verb ended in this."""
        call = self._last(client)
        seen = (
            str(error) if isinstance(error, MalformedAnswer) else f"{call.verb} raised {type(error).__name__}: {error}"
        )
        if isinstance(error, BackendUnavailable):
            return RuleViolation("D2", f"nothing gets lost any more, and {seen}")
        return RuleViolation(_WHOSE[call.verb], seen)

    def _last(self, client: str) -> Call:
        return next(call for call in reversed(self._history.calls) if call.client == client)

    # What comes after them.

    async def _quiesce(self) -> None:
        """Nothing goes amiss any more, and what is left is performed."""
        self._loop.faults_off = True
        await asyncio.sleep((SETTLED if self._workers else LONG) / 1000)
        self._history.calm_down()
        client = await self._open(REST)
        try:
            if self._workers:
                await self._replace_workers(client)
            queues = [QUEUE, *(hand.name for hand in self._workers)]
            for _ in range(2):
                while found := await client.backend.reserve(queues, limit=AT_ONCE, lease=SECOND):
                    await client.backend.settle([Done(delivery.token) for delivery in found])
                await asyncio.sleep((SECOND if self._workers else LONG) / 1000)
        except Exception as error:
            raise self._broken(client.name, error) from error

    async def _replace_workers(self, client: Client) -> None:
        """Another worker comes; those that still work have to show it; in the end all of them stop."""
        await self._hire(StartWorker(concurrency=2, lease=3 * SECOND), RELIEF)
        working = [hand for hand in self._workers if hand.works]
        for hand in working:
            if hand.name != RELIEF:
                await self._probe(client, hand)
        await asyncio.sleep(SETTLED / 1000)
        for hand in working:
            hand.look()
            hand.request_stop()
        await asyncio.sleep(ENDING / 1000)

    async def _probe(self, client: Client, hand: SimulatedWorker) -> None:
        """As many jobs as it may perform at once, for it alone."""
        jobs = [Job(probe(hand.name, number), ms=SECOND) for number in range(hand.concurrency)]
        for job in jobs:
            self._know(job)
        await client.backend.enqueue([message_of(job, hand.name) for job in jobs])


async def _happen(worker: SimulatedWorker | None, step: PauseProcess | Partition | Crash | Stop) -> None:
    if worker is None or not worker.works:
        return
    match step:
        case PauseProcess():
            await worker.pause(step.milliseconds)
        case Partition():
            await worker.partition(step.milliseconds)
        case Crash():
            worker.crash()
        case Stop():
            worker.request_stop()
