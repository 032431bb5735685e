"""A backend that passes each call on to another, all through one place, for those who want to see or carry calls."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from jobkit.backend import (
    Backend,
    CancelOutcome,
    Capabilities,
    Counts,
    DeleteOutcome,
    Delivery,
    EnqueueOutcome,
    ExtendOutcome,
    Extension,
    Message,
    NotFound,
    Page,
    RequeueOutcome,
    Settlement,
    SettleOutcome,
    Stored,
)
from jobkit.lifecycle import State

T = TypeVar("T")


class DelegatingBackend(Backend):
    """A subclass says in `pass_on` what happens to every call; the call itself is made there, or not."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend

    async def intercept(
        self, verb: str, args: Sequence[Any], stated: Mapping[str, Any], call: Callable[[], Awaitable[T]]
    ) -> T:
        """``args`` and ``stated``: what the verb was called with, by place and by name."""
        return await call()

    @property
    def capabilities(self) -> Capabilities:
        return self.backend.capabilities

    async def enqueue(self, messages: Sequence[Message]) -> list[EnqueueOutcome]:
        return await self.intercept("enqueue", (messages,), {}, lambda: self.backend.enqueue(messages))

    async def reserve(self, queues: Sequence[str], *, limit: int, lease: int, wait: int = 0) -> list[Delivery]:
        stated = {"limit": limit, "lease": lease, "wait": wait}
        return await self.intercept("reserve", (queues,), stated, lambda: self.backend.reserve(queues, **stated))

    async def settle(self, settlements: Sequence[Settlement]) -> list[SettleOutcome]:
        return await self.intercept("settle", (settlements,), {}, lambda: self.backend.settle(settlements))

    async def extend(self, extensions: Sequence[Extension]) -> list[ExtendOutcome]:
        return await self.intercept("extend", (extensions,), {}, lambda: self.backend.extend(extensions))

    async def cancel(self, ids: Sequence[str]) -> list[CancelOutcome]:
        return await self.intercept("cancel", (ids,), {}, lambda: self.backend.cancel(ids))

    async def requeue(self, ids: Sequence[str]) -> list[RequeueOutcome]:
        return await self.intercept("requeue", (ids,), {}, lambda: self.backend.requeue(ids))

    async def get(self, ids: Sequence[str]) -> list[Stored | NotFound]:
        return await self.intercept("get", (ids,), {}, lambda: self.backend.get(ids))

    async def counts(self, queue: str) -> Counts:
        return await self.intercept("counts", (queue,), {}, lambda: self.backend.counts(queue))

    async def queues(self) -> list[str]:
        return await self.intercept("queues", (), {}, self.backend.queues)

    async def peek(self, queue: str, state: State, cursor: str | None = None) -> Page:
        call = self.backend.peek
        return await self.intercept("peek", (queue, state), {"cursor": cursor}, lambda: call(queue, state, cursor))

    async def delete(self, ids: Sequence[str]) -> list[DeleteOutcome]:
        return await self.intercept("delete", (ids,), {}, lambda: self.backend.delete(ids))

    async def purge(self, queue: str, state: State, limit: int) -> int:
        call = self.backend.purge
        return await self.intercept("purge", (queue, state), {"limit": limit}, lambda: call(queue, state, limit))

    async def pause(self, queue: str) -> None:
        return await self.intercept("pause", (queue,), {}, lambda: self.backend.pause(queue))

    async def resume(self, queue: str) -> None:
        return await self.intercept("resume", (queue,), {}, lambda: self.backend.resume(queue))

    async def cell_get(self, name: str) -> tuple[bytes, int] | None:
        return await self.intercept("cell_get", (name,), {}, lambda: self.backend.cell_get(name))

    async def cell_set(self, name: str, value: bytes, expected_version: int) -> int | None:
        call = self.backend.cell_set
        return await self.intercept(
            "cell_set", (name, value, expected_version), {}, lambda: call(name, value, expected_version)
        )

    async def close(self) -> None:
        return await self.intercept("close", (), {}, self.backend.close)
