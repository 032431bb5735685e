"""Where workers are judged: each on a thread and a loop of its own, as if in a process, over the harness' backend."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec

from jobkit.app import App
from jobkit.backend import Backend, Message, Stored
from jobkit.clock import Clock
from jobkit.connections.clients import Clients
from jobkit.connections.resolver import BackendSource
from jobkit.execute.context import JobContext, current_job
from jobkit.jobs.envelope import Envelope
from jobkit_conformance.env import Env
from jobkit_conformance.history.recording import RecordingBackend
from jobkit_conformance.violations import RuleViolation
from jobkit_conformance.workers.faulty_backend import FaultControls, FaultInjectingBackend

if TYPE_CHECKING:
    from jobkit.jobs.job import Job
    from jobkit.worker import Worker

T = TypeVar("T")

LEASES: Final = (0.15, 0.8)
"""Seconds. What fails with the short one, on a machine that may be busy, is tried again with the other."""
END: Final = 8.0
"""Seconds that the thread of a worker has to end."""
GRACE: Final = 0.3


class Killed(Exception):
    """Ends a job whose worker is no more, as far as anybody else can tell."""


@dataclass(frozen=True)
class JobRun:
    """A job began to run: which, in which attempt, on which worker."""

    id: str
    job: str
    attempt: int


class RedirectedApp(App):
    """An app whose workers take their jobs from where the kit says, whatever this process is set up for."""

    def __init__(self, hand: Callable[[], WorkerThread]) -> None:
        super().__init__("inline:")
        self._hand = hand

    def clients(self, queue: str) -> Clients:
        return self._hand().clients

    def by_source(self, queues: Sequence[str] | None = None) -> dict[Clients, list[str]]:
        return {self._hand().clients: list(self.queues if queues is None else queues)}


class WorkerThread:
    """One worker, on a thread of its own."""

    def __init__(self, crew: WorkerPool, name: str, options: dict[str, Any]) -> None:
        self.ties = FaultControls()
        self.name = name
        self.crashed_with: BaseException | None = None
        """What ended its thread, where that was not `stop`."""
        self.clients = Clients(BackendSource(self._open, None, crew.env.namespace))
        self._crew = crew
        self._options = options
        self._worker: Worker | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._up = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"jobkit-{name}", daemon=True)

    def _open(self, url: str | None, namespace: str, clock: Clock | None) -> Backend:
        return FaultInjectingBackend(self._crew.env, self.ties, self.name)

    async def start(self) -> None:
        self._thread.start()
        await asyncio.to_thread(self._up.wait, END)

    @property
    def ready(self) -> bool:
        """Whether it says that it can take jobs."""
        return self._worker is not None and self._worker.ready

    def stopping(self) -> asyncio.Future[None]:
        """Ask it to stop, as TERM does."""
        if self._loop is None or self._worker is None:
            raise RuntimeError(f"{self.name} was never started")
        self._crew.env.trace.noted(self.name, "is asked to stop")
        return asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._worker.stop(), self._loop))

    async def stop(self) -> None:
        """Stop it, and wait for that."""
        await self.stopping()
        self._crew.env.trace.noted(self.name, "has stopped")

    def kill(self) -> None:
        """From now on the store hears nothing of it, nor it of the store."""
        self.ties.killed = True
        self._crew.env.trace.noted(self.name, "is killed")

    async def terminate(self) -> None:
        """End its thread, whatever it does."""
        self.ties.killed = True
        if self._loop is not None and self._thread.is_alive():
            await asyncio.wait([self.stopping()], timeout=END)
            self._loop.call_soon_threadsafe(self._end.set)
            await asyncio.to_thread(self._thread.join, END)

    def _run(self) -> None:
        self._crew.local.hand = self
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001
            self.crashed_with = error
        finally:
            self._up.set()

    async def _serve(self) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        self._worker = self._crew.env.harness.worker(self._crew.app, **self._options)
        await self._worker.start()
        self._up.set()
        await self._end.wait()


def running_job() -> JobContext:
    """What the job that runs here sees of itself."""
    context = current_job()
    if context is None:
        raise RuntimeError("no job runs here")
    return context


async def wait_for(event: threading.Event) -> None:
    """Wait for what another thread says."""
    while not event.is_set():
        await asyncio.sleep(0.004)


class WorkerPool:
    """Workers of one app, and what their jobs did."""

    def __init__(self, env: Env, client: RecordingBackend) -> None:
        self.env = env
        self.client = client
        """Enqueues, and looks at the store."""
        self.local = threading.local()
        self.app: App = RedirectedApp(lambda: self.local.hand)
        self.starts: list[JobRun] = []
        self.over = threading.Event()
        """The play has ended: a job that waits for something may go on."""
        self._hands: list[WorkerThread] = []
        self._jobs = 0
        self._signals: list[threading.Event] = []

    def signal(self) -> threading.Event:
        """What jobs wait for; the end of the play sets it too, so that a thread ends though the rule is broken."""
        signal = threading.Event()
        self._signals.append(signal)
        return signal

    async def enqueue(self, job: Job[..., Any], *, queue: str = "default", **arguments: object) -> str:
        """Enqueue a call, and say which id it has."""
        self._jobs += 1
        id, body = f"{job.name} {self._jobs}", msgspec.json.encode(arguments)
        headers = Envelope(job.name, "json", body).headers()
        await self.env.enqueue_ok(self.client, Message(id, queue, body, headers=headers))
        return id

    async def start_worker(self, ties: FaultControls | None = None, **options: Any) -> WorkerThread:
        """A worker that works; times are seconds."""
        stated = {"grace": GRACE, "lease": LEASES[-1], **options}
        hand = WorkerThread(self, f"w{len(self._hands) + 1}", stated)
        hand.ties = ties or hand.ties
        self._hands.append(hand)
        await hand.start()
        return hand

    def begin(self) -> JobRun:
        """Called by a job: it has started. On a worker that was killed nothing starts any more."""
        context = running_job()
        for hand in self._hands:
            if hand.ties.killed and (context.id, context.attempt) in hand.ties.granted:
                raise Killed(f"{hand.name} was killed")
        start = JobRun(context.id, context.job, context.attempt)
        self.starts.append(start)
        self.env.trace.noted("job", f"{context.id} starts (attempt {context.attempt})")
        return start

    def starts_of(self, job: str) -> int:
        return sum(start.job == job for start in self.starts)

    async def until(self, holds: Callable[[], bool | Awaitable[bool]], what: str) -> None:
        """Wait until something is so; when it does not become so, the rule is broken."""
        within = self.env.profile.patience
        deadline = time.monotonic() + within
        while True:
            self._can_be_read()
            found = holds()
            if found if isinstance(found, bool) else await found:
                return
            if time.monotonic() > deadline:
                self.env.fail(f"{what}: not within {within:g} s")
            await asyncio.sleep(0.004)

    def _can_be_read(self) -> None:
        """That workers were given answers that are answers; they outlive others."""
        for hand in self._hands:
            if hand.ties.unreadable is not None:
                raise hand.ties.unreadable

    async def ended(self, *ids: str) -> None:
        """Wait until jobs are neither live nor dead."""
        await self.until(lambda: self._gone(ids), f"{', '.join(ids)} end well")

    async def has_ended(self, id: str) -> bool:
        """Whether a job is neither live nor dead."""
        return await self._gone((id,))

    async def _gone(self, ids: tuple[str, ...]) -> bool:
        return not any(isinstance(found, Stored) for found in await self.client.backend.get(ids))

    async def close(self) -> None:
        for signal in (self.over, *self._signals):
            signal.set()
        for hand in self._hands:
            await hand.terminate()
        self._can_be_read()


@asynccontextmanager
async def crew(env: Env) -> AsyncGenerator[WorkerPool]:
    """Workers for one play, in real time; all of them end with it."""
    env.trace.began = time.monotonic()
    crew = WorkerPool(env, await env.client(own_time=True))
    try:
        yield crew
    finally:
        await crew.close()


def in_real_time(play: Callable[[Env, float], Awaitable[None]]) -> Callable[[Env], Awaitable[None]]:
    """An example with short leases; when it fails it is played again with longer ones, and that counts."""

    async def patiently(env: Env) -> None:
        try:
            await play(env, LEASES[0])
        except RuleViolation:
            env.trace.steps.clear()
            await env.harness.wipe(env.namespace)
            await play(env, LEASES[1])

    patiently.__name__ = getattr(play, "__name__", "example")
    patiently.__wrapped__ = play  # type: ignore[attr-defined]
    return patiently
