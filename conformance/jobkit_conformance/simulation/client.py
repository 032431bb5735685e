"""What one client does in a simulation: the steps of its script, one after another."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Final

from jobkit.backend import Backend, Dead, Delivery, Done, Extension, Message, Release, RetryAt, Settlement
from jobkit.errors import BackendUnavailable
from jobkit_conformance.scenario import Cancel, Delete, Enqueue, Extend, Job, Requeue, Reserve, Settle, Sleep, Step
from jobkit_conformance.simulation.worker_process import message_of

QUEUE: Final = "q"


@dataclass
class Client:
    """One client, with what it was granted so far."""

    name: str
    backend: Backend
    died: asyncio.Future[None]
    granted: list[Delivery] = field(default_factory=list[Delivery])

    async def do(self, step: Step) -> None:  # noqa: C901 - a case a step
        """One step of its script; what happens to workers is not its own."""
        match step:
            case Enqueue():
                message = Message(step.id, QUEUE, b"x", priority=step.priority, after=step.after, key=step.key)
                await self._put(message, again=step.again)
            case Job():
                await self._put(message_of(step, QUEUE), again=True)
            case Reserve():
                await self._take(step)
            case Settle():
                if delivery := self._ago(step.ago):
                    await self.backend.settle([_settlement(delivery, step)])
            case Extend():
                if delivery := self._ago(step.ago):
                    await self.backend.extend([Extension(delivery.token, step.lease)])
            case Sleep():
                await asyncio.sleep(step.milliseconds / 1000)
            case Cancel():
                await self.backend.cancel([step.id])
            case Requeue():
                await self.backend.requeue([step.id])
            case Delete():
                await self.backend.delete([step.id])
            case _:
                return

    async def _take(self, step: Reserve) -> None:
        async with asyncio.timeout(None if step.patience is None else step.patience / 1000):
            self.granted += await self.backend.reserve([QUEUE], limit=step.limit, lease=step.lease, wait=step.wait)

    async def _put(self, message: Message, *, again: bool) -> None:
        try:
            await self.backend.enqueue([message])
        except BackendUnavailable:
            if not again:
                raise
            await self.backend.enqueue([message])

    def _ago(self, ago: int) -> Delivery | None:
        return self.granted[-1 - ago] if ago < len(self.granted) else None


def _settlement(delivery: Delivery, step: Settle) -> Settlement:
    match step.how:
        case "retry":
            return RetryAt(delivery.token, after=step.after)
        case "release":
            return Release(delivery.token)
        case "dead":
            return Dead(delivery.token, "why")
        case _:
            return Done(delivery.token)
