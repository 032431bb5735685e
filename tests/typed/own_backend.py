"""A backend of one's own: the protocol, with or without its optional verbs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_type

import jobkit
from jobkit.backend import (
    Accepted,
    Backend,
    BackendFactory,
    Blocking,
    Cancelled,
    CancelOutcome,
    Capabilities,
    Conflict,
    Delivery,
    Duplicate,
    EnqueueOutcome,
    Extended,
    ExtendOutcome,
    Extension,
    KeyTaken,
    Message,
    Settled,
    Settlement,
    SettleOutcome,
    SupportsBlocking,
)
from jobkit.clock import Clock

CAPABILITIES = Capabilities(
    delay=False,
    priority=None,
    keys=False,
    remember=False,
    dead_letters=False,
    cancel=True,
    inspect=False,
    wait=False,
    pause=False,
    checkpoints=False,
    cells=False,
    results=False,
    fifo=False,
    durable=None,
    shared=False,
    max_body=1 << 20,
    max_batch=100,
    max_batch_bytes=1 << 20,
    slice=100,
    timeout=1_000,
    repeat_window=0,
    slack=50,
    resolution=1,
    retention=None,
    connections=1,
)


class Mine(Backend):
    """Subclassing gives the verbs that it leaves out a body that refuses."""

    @property
    def capabilities(self) -> Capabilities:
        return CAPABILITIES

    async def enqueue(self, messages: Sequence[Message]) -> list[EnqueueOutcome]:
        return [Accepted(due=message.at or 0) for message in messages]

    async def reserve(self, queues: Sequence[str], *, limit: int, lease: int, wait: int = 0) -> list[Delivery]:
        return [Delivery(Message("id", queues[0], b""), 1, 1, "token", lease)][:limit]

    async def settle(self, settlements: Sequence[Settlement]) -> list[SettleOutcome]:
        return [Settled() for _ in settlements]

    async def extend(self, extensions: Sequence[Extension]) -> list[ExtendOutcome]:
        return [Extended(end=extension.lease) for extension in extensions]

    async def cancel(self, ids: Sequence[str]) -> list[CancelOutcome]:
        return [Cancelled() for _ in ids]

    async def close(self) -> None: ...


class WithBlocking(Mine):
    """For callers without a loop."""

    def blocking(self) -> Blocking:
        return Face()


class Face:
    def enqueue(self, messages: Sequence[Message]) -> list[EnqueueOutcome]:
        return [Duplicate() for _ in messages]

    def close(self) -> None: ...


def factory(url: str | None, namespace: str, clock: Clock | None) -> Mine:
    return WithBlocking()


made: BackendFactory = factory
backend: Backend = Mine()
offers: SupportsBlocking = WithBlocking()
app = jobkit.App(factory, namespace="shop")
app.queue("mail", backend=factory)
app.queue("images", backend="my_package:factory")

Mine().capabilities = CAPABILITIES  # type: ignore[misc]
jobkit.App(Mine())  # type: ignore[arg-type]  # a factory is wanted, which opens nothing


async def look(outcome: EnqueueOutcome) -> str:
    match outcome:
        case Accepted(due=due):
            assert_type(due, int)
            return "accepted"
        case KeyTaken(by=by):
            return by
        case Duplicate() | Conflict():
            return "there already"


async def refuses() -> None:
    assert_type(await backend.reserve(["mail"], limit=1, lease=1_000), list[Delivery])
    await backend.reserve("mail", limit=1, lease=1_000, patience=3)  # type: ignore[call-arg]
