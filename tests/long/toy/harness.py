"""A backend in a hundred lines, in memory, with few claims, and how it presents itself to the kit."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from jobkit.backend import (
    Accepted,
    Backend,
    Capabilities,
    Conflict,
    Delivery,
    Done,
    Duplicate,
    EnqueueOutcome,
    Extended,
    ExtendOutcome,
    Extension,
    LeaseExpired,
    Message,
    Release,
    Settled,
    Settlement,
    SettleOutcome,
    Stale,
)
from jobkit.clock import Clock, SystemClock
from jobkit.errors import Closed
from jobkit.validation import check_extensions, check_messages, check_name, check_reserve, check_settlements
from jobkit_conformance import BackendHarness

CLAIMS = Capabilities(
    delay=False,
    priority=None,
    keys=False,
    remember=False,
    dead_letters=False,
    cancel=False,
    inspect=False,
    wait=False,
    pause=False,
    checkpoints=False,
    cells=False,
    results=False,
    fifo=True,
    durable=None,
    shared=False,
    max_body=100_000,
    max_batch=100,
    max_batch_bytes=1_000_000,
    slice=100,
    timeout=1_000,
    repeat_window=0,
    slack=0,
    resolution=1,
    retention=None,
    connections=0,
)


@dataclass
class Job:
    """``token`` is that of the latest delivery, while nobody has settled it; its lease ends at ``since``."""

    message: Message
    since: int
    token: str = ""
    number: int = 0
    attempt: int = 0
    released: bool = False


@dataclass
class Store:
    """``now``: the latest instant that anybody brought along; time does not run backwards in it."""

    jobs: dict[str, Job] = field(default_factory=dict[str, Job])
    now: int = 0


class Toy(Backend):
    capabilities = CLAIMS

    def __init__(self, store: Store, clock: Clock | None) -> None:
        self._store = store
        self._jobs = store.jobs
        self._clock = clock or SystemClock()
        self._closed = False

    async def enqueue(self, messages: Sequence[Message]) -> list[EnqueueOutcome]:
        now = self._now()
        check_messages(messages, CLAIMS)
        return [self._accept(replace(message, headers=dict(message.headers)), now) for message in messages]

    def _accept(self, message: Message, now: int) -> EnqueueOutcome:
        if message.id in self._jobs:
            return Duplicate() if self._jobs[message.id].message == message else Conflict()
        self._jobs[message.id] = Job(message, now)
        return Accepted(now)

    async def reserve(self, queues: Sequence[str], *, limit: int, lease: int, wait: int = 0) -> list[Delivery]:
        now = self._now()
        check_reserve(queues, limit, lease, wait, CLAIMS)
        due = [job for job in self._jobs.values() if job.message.queue in queues and job.since <= now]
        due.sort(key=lambda job: (queues.index(job.message.queue), job.since))
        return [self._grant(job, now + lease) for job in due[:limit]]

    def _grant(self, job: Job, end: int) -> Delivery:
        job.since, job.token, job.number = end, secrets.token_hex(16), job.number + 1
        job.attempt, job.released = job.attempt + (not job.released), False
        message = replace(job.message, headers=dict(job.message.headers))
        return Delivery(message, job.number, job.attempt, job.token, end)

    async def settle(self, settlements: Sequence[Settlement]) -> list[SettleOutcome]:
        now = self._now()
        check_settlements(settlements, CLAIMS)
        return [self._settle(settlement, now) for settlement in settlements]

    def _settle(self, settlement: Settlement, now: int) -> SettleOutcome:
        job = self._holding(settlement.token)
        if job is None:
            return Stale()
        if isinstance(settlement, Done):
            del self._jobs[job.message.id]
        job.since, job.token, job.released = now, "", isinstance(settlement, Release)
        return Settled()

    async def extend(self, extensions: Sequence[Extension]) -> list[ExtendOutcome]:
        now = self._now()
        check_extensions(extensions, CLAIMS)
        return [self._extend(extension, now) for extension in extensions]

    def _extend(self, extension: Extension, now: int) -> ExtendOutcome:
        job = self._holding(extension.token)
        if job is None:
            return Stale()
        if job.since <= now:
            return LeaseExpired()
        job.since = now + extension.lease
        return Extended(job.since)

    async def close(self) -> None:
        self._closed = True

    def _holding(self, token: str) -> Job | None:
        return next((job for job in self._jobs.values() if token and job.token == token), None)

    def _now(self) -> int:
        if self._closed:
            raise Closed("this client was closed: open another")
        self._store.now = max(self._store.now, self._clock.now_ms())
        return self._store.now


class Harness(BackendHarness):
    clock_mode = "frozen"
    simulated = True

    def __init__(self) -> None:
        self._stores: dict[str, Store] = {}

    async def open(self, namespace: str, clock: Clock | None) -> Toy:
        check_name("namespace", namespace)
        return Toy(self._stores.setdefault(namespace, Store()), clock)

    async def wipe(self, namespace: str) -> None:
        self._stores.pop(namespace, None)


class Tired(Toy):
    """With a fault: a release costs an attempt, where the lease was extended before."""

    def __init__(self, store: Store, clock: Clock | None) -> None:
        super().__init__(store, clock)
        self._extended: set[str] = set()

    def _extend(self, extension: Extension, now: int) -> ExtendOutcome:
        self._extended.add(extension.token)
        return super()._extend(extension, now)

    def _settle(self, settlement: Settlement, now: int) -> SettleOutcome:
        job = self._holding(settlement.token)
        outcome = super()._settle(settlement, now)
        if job is not None and settlement.token in self._extended:
            job.released = False
        return outcome


class Faulty(Harness):
    async def open(self, namespace: str, clock: Clock | None) -> Toy:
        await super().open(namespace, clock)
        return Tired(self._stores[namespace], clock)
