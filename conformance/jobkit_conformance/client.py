"""A backend whose every call is written down."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar, cast

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
    Page,
    RequeueOutcome,
    Settlement,
    SettleOutcome,
    Stored,
    Unknown,
)
from jobkit.lifecycle import State
from jobkit_conformance.answers import check_answer
from jobkit_conformance.trace import Trace

T = TypeVar("T")


class Client(Backend):
    """Passes each call on, and writes down what was asked and answered."""

    def __init__(self, backend: Backend, trace: Trace, name: str) -> None:
        self.backend = backend
        self.name = name
        self._trace = trace

    @property
    def capabilities(self) -> Capabilities:
        return self.backend.capabilities

    async def enqueue(self, messages: Sequence[Message]) -> list[EnqueueOutcome]:
        return await self._do(self.backend.enqueue(messages), "enqueue", messages)

    async def reserve(self, queues: Sequence[str], *, limit: int, lease: int, wait: int = 0) -> list[Delivery]:
        call = self.backend.reserve(queues, limit=limit, lease=lease, wait=wait)
        stated = {"limit": limit, "lease": lease, **({"wait": wait} if wait else {})}
        return await self._do(call, "reserve", queues, **stated)

    async def settle(self, settlements: Sequence[Settlement]) -> list[SettleOutcome]:
        return await self._do(self.backend.settle(settlements), "settle", settlements)

    async def extend(self, extensions: Sequence[Extension]) -> list[ExtendOutcome]:
        return await self._do(self.backend.extend(extensions), "extend", extensions)

    async def cancel(self, ids: Sequence[str]) -> list[CancelOutcome]:
        return await self._do(self.backend.cancel(ids), "cancel", ids)

    async def requeue(self, ids: Sequence[str]) -> list[RequeueOutcome]:
        return await self._do(self.backend.requeue(ids), "requeue", ids)

    async def get(self, ids: Sequence[str]) -> list[Stored | Unknown]:
        return await self._do(self.backend.get(ids), "get", ids)

    async def counts(self, queue: str) -> Counts:
        return await self._do(self.backend.counts(queue), "counts", queue)

    async def queues(self) -> list[str]:
        return await self._do(self.backend.queues(), "queues")

    async def peek(self, queue: str, state: State, cursor: str | None = None) -> Page:
        stated = {} if cursor is None else {"cursor": cursor}
        return await self._do(self.backend.peek(queue, state, cursor), "peek", queue, state, **stated)

    async def delete(self, ids: Sequence[str]) -> list[DeleteOutcome]:
        return await self._do(self.backend.delete(ids), "delete", ids)

    async def purge(self, queue: str, state: State, limit: int) -> int:
        return await self._do(self.backend.purge(queue, state, limit), "purge", queue, state, limit=limit)

    async def pause(self, queue: str) -> None:
        return await self._do(self.backend.pause(queue), "pause", queue)

    async def resume(self, queue: str) -> None:
        return await self._do(self.backend.resume(queue), "resume", queue)

    async def cell_get(self, name: str) -> tuple[bytes, int] | None:
        return await self._do(self.backend.cell_get(name), "cell_get", name)

    async def cell_set(self, name: str, value: bytes, expected_version: int) -> int | None:
        return await self._do(
            self.backend.cell_set(name, value, expected_version), "cell_set", name, value, expected_version
        )

    async def close(self) -> None:
        return await self._do(self.backend.close(), "close")

    async def _do(self, call: Coroutine[Any, Any, T], verb: str, *args: object, **stated: object) -> T:
        step = self._trace.called(self.name, verb, args, stated)
        try:
            answer = await call
            check_answer(verb, cast("Sequence[Any]", args[0] if args else ()), answer)
        except BaseException as error:
            self._trace.failed(step, error)
            raise
        self._trace.answered(step, answer)
        return answer
