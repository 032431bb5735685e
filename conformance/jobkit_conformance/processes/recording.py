"""A worker's client that passes everything on, and says in the log what the store granted, extended and settled."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from jobkit.backend import (
    Backend,
    CancelOutcome,
    Capabilities,
    Delivery,
    EnqueueOutcome,
    ExtendOutcome,
    Extension,
    Message,
    Settlement,
    SettleOutcome,
)
from jobkit_conformance.processes.task import note

UNKNOWN: Final = ("", 0)


class RecordingBackend(Backend):
    """What a worker needs of a backend, and no more."""

    def __init__(self, backend: Backend, jobs: dict[str, tuple[str, int]]) -> None:
        self._backend = backend
        self._jobs = jobs
        """Ids and delivery numbers by token, shared by all clients of the process."""

    @property
    def capabilities(self) -> Capabilities:
        return self._backend.capabilities

    async def enqueue(self, messages: Sequence[Message]) -> list[EnqueueOutcome]:
        return await self._backend.enqueue(messages)

    async def reserve(self, queues: Sequence[str], *, limit: int, lease: int, wait: int = 0) -> list[Delivery]:
        sent = time.monotonic()
        deliveries = await self._backend.reserve(queues, limit=limit, lease=lease, wait=wait)
        for each in deliveries:
            id = each.message.id
            self._jobs[each.token] = id, each.number
            note("granted", id=id, attempt=each.attempt, number=each.number, sent=sent, seconds=lease / 1000)
        return deliveries

    async def settle(self, settlements: Sequence[Settlement]) -> list[SettleOutcome]:
        jobs = [self._jobs.get(each.token, UNKNOWN) for each in settlements]
        for each, (id, number) in zip(settlements, jobs, strict=True):
            note("settling", id=id, number=number, note=type(each).__name__)
        outcomes = await self._backend.settle(settlements)
        for each, outcome, (id, number) in zip(settlements, outcomes, jobs, strict=True):
            note("settled", id=id, number=number, note=f"{type(each).__name__} {type(outcome).__name__}")
            self._jobs.pop(each.token, None)
        return outcomes

    async def extend(self, extensions: Sequence[Extension]) -> list[ExtendOutcome]:
        sent = time.monotonic()
        outcomes = await self._backend.extend(extensions)
        for each, outcome in zip(extensions, outcomes, strict=True):
            id, number = self._jobs.get(each.token, UNKNOWN)
            word, seconds = type(outcome).__name__, each.lease / 1000
            note("extended", id=id, number=number, sent=sent, seconds=seconds, note=word)
        return outcomes

    async def cancel(self, ids: Sequence[str]) -> list[CancelOutcome]:
        return await self._backend.cancel(ids)

    async def close(self) -> None:
        await self._backend.close()
