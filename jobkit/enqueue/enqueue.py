"""Hand calls over: through the middlewares, to the backend, back with receipts. Once blocking, once awaited."""

from __future__ import annotations

import asyncio
import sys
import warnings
from collections.abc import Awaitable, Callable, Coroutine, Generator, Sequence
from contextlib import AsyncExitStack, ExitStack
from typing import Any, Generic, TypeAlias, TypeVar

from jobkit import events
from jobkit.backend import EnqueueOutcome, Message
from jobkit.connections.clients import Clients
from jobkit.connections.portal import portal
from jobkit.enqueue.context import EnqueueContext
from jobkit.enqueue.receipt import Receipt
from jobkit.errors import NotAwaitedWarning, Refuse, RunningLoop
from jobkit.jobs.call import Call
from jobkit.jobs.middleware import AsyncMiddlewareChain, MiddlewareChain, is_async

T = TypeVar("T")

Stored: TypeAlias = Callable[[list[Receipt]], Awaitable[None] | None]
"""Called with the receipts once a batch is stored; on a running loop its answer is awaited."""

Answer: TypeAlias = tuple[Receipt, Message | None]
"""What became of one call, and the message that was handed over, if one was."""


def enqueue(
    outgoing: Sequence[EnqueueContext], clients: Clients, stored: Stored, *, announced: bool = True
) -> list[Receipt]:
    """Store a batch in one step, from a thread without a running loop.

    ``announced``: who stands by is told before; not of what would be tried again while the store is away.
    """
    middlewares = [each for one in outgoing for each in one.middlewares]
    if not middlewares:
        messages = [one.message() for one in outgoing]
        if announced:
            _run_hooks(clients, messages)
        answers = _receipts(outgoing, messages, clients.blocking().enqueue(messages) if messages else [])
    elif any(map(is_async, middlewares)):
        answers = portal().call(lambda _: _ahand_over(outgoing, clients, announced=announced))
    else:
        answers = _enqueue_with_middleware(outgoing, clients, announced=announced)
    receipts = _emit_events(outgoing, answers)
    stored(receipts)
    return receipts


async def aenqueue(outgoing: Sequence[EnqueueContext], clients: Clients, stored: Stored) -> list[Receipt]:
    """Store a batch in one step, on the running loop."""
    if any(one.middlewares for one in outgoing):
        answers = await _ahand_over(outgoing, clients)
    else:
        messages = [one.message() for one in outgoing]
        _run_hooks(clients, messages)
        answers = _receipts(outgoing, messages, await clients.for_running_loop().enqueue(messages) if messages else [])
    receipts = _emit_events(outgoing, answers)
    if (more := stored(receipts)) is not None:
        await more
    return receipts


def _receipts(
    outgoing: Sequence[EnqueueContext], messages: Sequence[Message], outcomes: Sequence[EnqueueOutcome]
) -> list[Answer]:
    return [(one.receipt(outcome), message) for one, message, outcome in zip(outgoing, messages, outcomes, strict=True)]


def _enqueue_with_middleware(
    outgoing: Sequence[EnqueueContext], clients: Clients, *, announced: bool = True
) -> list[Answer]:
    refusals: dict[int, Receipt] = {}
    ways = [MiddlewareChain(one.middlewares, one) for one in outgoing]
    try:
        for place, (one, way) in enumerate(zip(outgoing, ways, strict=True)):
            try:
                way.enter()
            except Refuse as refusal:
                refusals[place] = one.refused(str(refusal))
        messages = _messages(outgoing, refusals)
        if announced:
            _run_hooks(clients, messages)
        outcomes = clients.blocking().enqueue(messages) if messages else []
    except BaseException as error:
        with ExitStack() as each:
            for way in ways:
                each.callback(way.fail, error)
        raise
    answers = _answers(outgoing, refusals, messages, outcomes)
    with ExitStack() as each:
        for way, (receipt, _) in zip(ways, answers, strict=True):
            each.callback(way.leave, receipt)
    return answers


async def _ahand_over(outgoing: Sequence[EnqueueContext], clients: Clients, *, announced: bool = True) -> list[Answer]:
    refusals: dict[int, Receipt] = {}
    ways = [AsyncMiddlewareChain(one.middlewares, one) for one in outgoing]
    try:
        for place, (one, way) in enumerate(zip(outgoing, ways, strict=True)):
            try:
                await way.enter()
            except Refuse as refusal:
                refusals[place] = one.refused(str(refusal))
        messages = _messages(outgoing, refusals)
        if announced:
            _run_hooks(clients, messages)
        outcomes = await clients.for_running_loop().enqueue(messages) if messages else []
    except BaseException as error:
        async with AsyncExitStack() as each:
            for way in ways:
                each.push_async_callback(way.fail, error)
        raise
    answers = _answers(outgoing, refusals, messages, outcomes)
    async with AsyncExitStack() as each:
        for way, (receipt, _) in zip(ways, answers, strict=True):
            each.push_async_callback(way.leave, receipt)
    return answers


def _run_hooks(clients: Clients, messages: Sequence[Message]) -> None:
    if messages and clients.source.attendant is not None:
        clients.source.attendant.before(messages)


def _messages(outgoing: Sequence[EnqueueContext], refusals: dict[int, Receipt]) -> list[Message]:
    return [one.message() for place, one in enumerate(outgoing) if place not in refusals]


def _answers(
    outgoing: Sequence[EnqueueContext],
    refusals: dict[int, Receipt],
    messages: Sequence[Message],
    outcomes: Sequence[EnqueueOutcome],
) -> list[Answer]:
    remaining = zip(messages, outcomes, strict=True)
    answers: list[Answer] = []
    for place, one in enumerate(outgoing):
        if place in refusals:
            answers.append((refusals[place], None))
        else:
            message, outcome = next(remaining)
            answers.append((one.receipt(outcome), message))
    return answers


def _emit_events(outgoing: Sequence[EnqueueContext], answers: Sequence[Answer]) -> list[Receipt]:
    """Observers hear of it in the caller's own thread and context."""
    if events.observers:
        for one, (receipt, message) in zip(outgoing, answers, strict=True):
            events.emit(
                events.Enqueued(
                    id=one.id, job=one.job, queue=one.queue, call=one.call, receipt=receipt, message=message
                )
            )
    return [receipt for receipt, _ in answers]


def refuse_running_loop(blocking: str, awaited: str) -> None:
    """A blocking call may not stop the loop of its own thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        _refuse_trio(blocking)
        return
    raise RunningLoop(f"{blocking} would block the event loop that is running in this thread: await {awaited} instead")


def _refuse_trio(name: str) -> None:
    sniffio: Any = sys.modules.get("sniffio")
    if sniffio is None:
        return
    try:
        library = sniffio.current_async_library()
    except sniffio.AsyncLibraryNotFoundError:
        return
    if library != "asyncio":
        raise RunningLoop(f"{name} under {library}: jobkit runs on asyncio; call it from a worker thread")


class PendingEnqueue(Coroutine[Any, Any, T], Generic[T]):
    """What ``aenqueue`` returns: a coroutine for whoever awaits it, and noticed when nobody does.

    Everything that can be wrong with the call was checked when it was made; nothing is sent before it starts.
    """

    __slots__ = ("_inner", "_make", "calls", "started")

    def __init__(self, make: Callable[[], Coroutine[Any, Any, T]], calls: list[Call]) -> None:
        self._make = make
        self._inner: Coroutine[Any, Any, T] | None = None
        self.calls = calls
        self.started = False
        if events.observers:
            events.emit(events.EnqueueCreated(enqueuing=self, calls=calls))

    def __await__(self) -> Generator[Any, Any, T]:
        return (yield from self._begin().__await__())

    def send(self, value: Any) -> Any:
        return self._begin().send(value)

    def throw(self, *error: Any) -> Any:
        return self._begin().throw(*error)

    def close(self) -> None:
        self._begin().close()

    def _begin(self) -> Coroutine[Any, Any, T]:
        if self._inner is None:
            self._inner = self._make()
            self.started = True
        return self._inner

    def __del__(self) -> None:
        if not getattr(self, "started", True):
            warnings.warn(f"{self.calls} was never awaited, so nothing was enqueued", NotAwaitedWarning, stacklevel=2)
